//! The repository that the agents are asked about: a shop in several languages, large enough that a name search alone
//! does not give the answer away, small enough to be written in milliseconds. Each question has one right file.

use std::path::Path;
use std::process::Command;

/// A question about the sample repository and where its answer is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    /// What an agent is asked.
    pub(crate) prompt: &'static str,
    /// The file that answers it.
    pub(crate) path: &'static str,
    /// The definition in that file.
    pub(crate) symbol: &'static str,
}

/// Rust, in the billing service.
pub(crate) const WEBHOOK: Question = Question {
    prompt: "Find where the delay before the next retry of a failed webhook delivery is computed, and why it stops growing.",
    path: "billing/src/webhook/retry.rs",
    symbol: "next_retry_delay",
};

/// Go, in the gateway.
pub(crate) const SESSION: Question = Question {
    prompt: "Customers are logged out too early. Check how the gateway decides that a session token has expired.",
    path: "gateway/auth/session.go",
    symbol: "TokenExpired",
};

/// Python, in the worker.
pub(crate) const STOCK: Question = Question {
    prompt: "Which code reserves stock for an order, and what happens to the reservation when the payment fails?",
    path: "worker/stock/reservation.py",
    symbol: "release_reservation",
};

const FILES: &[(&str, &str)] = &[
    (
        "README.md",
        "# Shop\n\nBilling in Rust, gateway in Go, worker in Python, web in TypeScript.\n\n## Run\n\n`make up`\n",
    ),
    ("Makefile", "up:\n\tdocker compose up\n\ntest:\n\tcargo test\n\tgo test ./...\n\tpytest worker\n"),
    (".gitignore", "target/\nnode_modules/\n__pycache__/\n*.log\n"),
    ("Cargo.toml", "[workspace]\nmembers = [\"billing\"]\n"),
    ("billing/Cargo.toml", "[package]\nname = \"billing\"\nversion = \"0.3.0\"\nedition = \"2024\"\n"),
    (
        "billing/src/lib.rs",
        "//! Billing: invoices, refunds and the webhooks that tell partners about them.\n\npub mod model;\npub mod webhook;\n",
    ),
    (
        "billing/src/webhook/mod.rs",
        "//! Webhooks to partners: signing, sending, trying again.\n\npub mod retry;\npub mod sender;\npub mod signature;\n",
    ),
    (
        "billing/src/webhook/retry.rs",
        r#"//! When a webhook delivery that failed is tried again.

use std::time::Duration;

/// Longest pause between two deliveries.
pub const RETRY_DELAY_MAX: Duration = Duration::from_secs(6 * 60 * 60);
/// Pause after the first failure.
const RETRY_DELAY_FIRST: Duration = Duration::from_secs(30);

/// Computes the delay before the next retry of a failed webhook delivery: it doubles with each attempt and stops
/// growing at `RETRY_DELAY_MAX`, so that a partner who is back after a day is noticed within hours.
pub fn next_retry_delay(attempts: u32) -> Duration {
    let factor = 2u32.saturating_pow(attempts);
    RETRY_DELAY_FIRST.saturating_mul(factor).min(RETRY_DELAY_MAX)
}

/// Whether a delivery is given up after so many attempts.
pub fn exhausted(attempts: u32) -> bool {
    attempts >= 40
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delay_doubles_up_to_the_maximum() {
        assert_eq!(next_retry_delay(1), Duration::from_secs(60));
        assert_eq!(next_retry_delay(39), RETRY_DELAY_MAX);
    }
}
"#,
    ),
    (
        "billing/src/webhook/sender.rs",
        r#"//! Sends one webhook and decides what becomes of it.

use super::retry::{exhausted, next_retry_delay};
use super::signature::sign;

/// What happened to a delivery.
pub enum Outcome {
    Delivered,
    RetryAfter(std::time::Duration),
    GivenUp,
}

/// Sends `body` to the partner and schedules a retry when the partner does not take it.
pub fn deliver(body: &str, secret: &str, attempts: u32, post: impl Fn(&str, &str) -> u16) -> Outcome {
    match post(body, &sign(body, secret)) {
        200..=299 => Outcome::Delivered,
        _ if exhausted(attempts) => Outcome::GivenUp,
        _ => Outcome::RetryAfter(next_retry_delay(attempts)),
    }
}
"#,
    ),
    (
        "billing/src/webhook/signature.rs",
        "//! Signs what is sent to partners.\n\n/// Returns the signature header of a body.\npub fn sign(body: &str, secret: &str) -> String {\n    format!(\"v1={:x}\", body.len() ^ secret.len())\n}\n",
    ),
    (
        "gateway/auth/session.go",
        r#"// Package auth keeps customers logged in.
package auth

import "time"

// SessionLifetime is how long a session token is good after its last use.
const SessionLifetime = 45 * time.Minute

// ClockSkew is how far the clocks of two gateways may be apart.
const ClockSkew = 2 * time.Minute

// Session is what a token stands for.
type Session struct {
	Customer string
	LastUsed time.Time
}

// TokenExpired decides whether a session token has expired at the given time.
func TokenExpired(session Session, now time.Time) bool {
	return now.After(session.LastUsed.Add(SessionLifetime + ClockSkew))
}

// Touch notes that a session was used.
func (session *Session) Touch(now time.Time) {
	session.LastUsed = now
}
"#,
    ),
    (
        "gateway/auth/login.go",
        "package auth\n\nimport \"time\"\n\n// Login starts a session for a customer whose password was right.\nfunc Login(customer string, now time.Time) Session {\n\treturn Session{Customer: customer, LastUsed: now}\n}\n",
    ),
    ("gateway/go.mod", "module example.com/shop/gateway\n\ngo 1.24\n"),
    (
        "gateway/main.go",
        "package main\n\nfunc main() {\n\tserve(\":8080\")\n}\n\nfunc serve(address string) {\n\tprintln(address)\n}\n",
    ),
    ("worker/pyproject.toml", "[project]\nname = \"worker\"\nversion = \"0.3.0\"\n"),
    ("worker/stock/__init__.py", ""),
    (
        "worker/stock/reservation.py",
        r#""""Reserves stock for orders until they are paid."""

from dataclasses import dataclass


@dataclass
class Reservation:
    order_id: str
    sku: str
    quantity: int


def reserve_stock(shelf: dict[str, int], order_id: str, sku: str, quantity: int) -> Reservation:
    """Takes the quantity from the shelf for an order."""
    if shelf.get(sku, 0) < quantity:
        raise ValueError(f"not enough {sku}")
    shelf[sku] -= quantity
    return Reservation(order_id, sku, quantity)


def release_reservation(shelf: dict[str, int], reservation: Reservation) -> None:
    """Puts the reserved stock back when the payment of the order fails."""
    shelf[reservation.sku] = shelf.get(reservation.sku, 0) + reservation.quantity
"#,
    ),
    (
        "worker/stock/payment_events.py",
        "\"\"\"Reacts to payments.\"\"\"\n\nfrom .reservation import release_reservation\n\n\ndef on_payment_failed(shelf, reservation):\n    release_reservation(shelf, reservation)\n",
    ),
    ("web/package.json", "{\n  \"name\": \"web\",\n  \"version\": \"0.3.0\",\n  \"private\": true\n}\n"),
    (
        "web/src/cart.ts",
        "export interface CartLine {\n  sku: string;\n  quantity: number;\n}\n\nexport function cartTotal(lines: CartLine[], price: (sku: string) => number): number {\n  return lines.reduce((sum, line) => sum + price(line.sku) * line.quantity, 0);\n}\n",
    ),
    (
        "docs/operations.md",
        "# Operations\n\n## Logs\n\nEach service logs to standard output.\n\n## Backups\n\nNightly, kept for thirty days.\n",
    ),
    (
        "db/schema.sql",
        "create table invoices (id bigint primary key, customer text not null, total_cents bigint not null);\n",
    ),
    ("scripts/backup.sh", "#!/bin/sh\nset -eu\npg_dump shop > \"backup-$(date +%F).sql\"\n"),
];

/// Each of these becomes a model, a repository, a view and a handler that look much alike, as in real projects.
const ENTITIES: &[&str] =
    &["customer", "invoice", "product", "shipment", "refund", "coupon", "warehouse", "supplier"];

/// Writes the repository into `folder` and commits it in three steps.
pub(crate) fn write(folder: &Path, git_path: &std::ffi::OsStr) {
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .env("PATH", git_path)
            .env("HOME", folder)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .expect("git runs");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    git(&["init", "-q", "-b", "main"]);
    for (path, text) in FILES {
        put(folder, path, text);
    }
    git(&["add", "-A"]);
    git(&["commit", "-qm", "Start the shop: billing, gateway, worker, web"]);
    for entity in ENTITIES {
        for (path, text) in entity_files(entity) {
            put(folder, &path, &text);
        }
    }
    git(&["add", "-A"]);
    git(&["commit", "-qm", "Add the models with their repositories, views and handlers"]);
    put(
        folder,
        "docs/webhooks.md",
        "# Webhooks\n\nPartners get a signed request for each invoice. Failed ones are sent again.\n",
    );
    git(&["add", "-A"]);
    git(&["commit", "-qm", "Describe webhooks for partners"]);
}

fn put(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().expect("a path below the folder")).expect("folders can be made");
    std::fs::write(&path, text).expect("files can be written");
}

fn entity_files(entity: &str) -> [(String, String); 4] {
    let title = format!("{}{}", entity[..1].to_ascii_uppercase(), &entity[1..]);
    [
        (
            format!("billing/src/model/{entity}.rs"),
            format!(
                "//! The {entity} as billing sees it.\n\n/// A {entity} row.\n#[derive(Debug, Clone)]\npub struct {title} {{\n    pub id: u64,\n    pub name: String,\n    pub updated_at: u64,\n}}\n\nimpl {title} {{\n    /// Whether two rows are the same {entity}.\n    pub fn same(&self, other: &{title}) -> bool {{\n        self.id == other.id\n    }}\n}}\n"
            ),
        ),
        (
            format!("worker/repositories/{entity}_repository.py"),
            format!(
                "\"\"\"Loads and stores each {entity}.\"\"\"\n\n\nclass {title}Repository:\n    def __init__(self, connection):\n        self.connection = connection\n\n    def find_by_id(self, {entity}_id):\n        return self.connection.one(\"select * from {entity}s where id = %s\", {entity}_id)\n\n    def save(self, {entity}):\n        self.connection.run(\"update {entity}s set name = %s where id = %s\", {entity}.name, {entity}.id)\n"
            ),
        ),
        (
            format!("web/src/views/{title}View.tsx"),
            format!(
                "interface {title}Props {{\n  id: number;\n  name: string;\n}}\n\nexport function {title}View({{ id, name }}: {title}Props) {{\n  return <article id={{`{entity}-${{id}}`}}>{{name}}</article>;\n}}\n"
            ),
        ),
        (
            format!("gateway/handlers/{entity}.go"),
            format!(
                "package handlers\n\nimport \"net/http\"\n\n// Get{title} answers with one {entity}.\nfunc Get{title}(writer http.ResponseWriter, request *http.Request) {{\n\twriter.Header().Set(\"content-type\", \"application/json\")\n\twriter.WriteHeader(http.StatusOK)\n}}\n"
            ),
        ),
    ]
}
