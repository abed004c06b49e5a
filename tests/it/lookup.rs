//! `rtk memory symbol` and `rtk memory related` on small projects of several languages.

use crate::sandbox::Sandbox;
use serde_json::Value;

fn commit(sandbox: &Sandbox, message: &str) {
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-q", "-m", message]);
}

fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "shop/till.py",
        "from .prices import PriceList\nimport shop.stock\n\n\nclass Till:\n    def ring(self):\n        return PriceList().price_of('tea')\n",
    );
    sandbox.write(
        "shop/prices.py",
        "class PriceList:\n    @property\n    def kind(self):\n        return 'list'\n\n    def price_of(self, thing):\n        return 1\n\n\nclass Other:\n    def price_of(self, thing):\n        return 2\n",
    );
    sandbox.write("shop/stock.py", "def count():\n    return 3\n");
    sandbox.write("shop/__init__.py", "");
    sandbox.write("tests/test_prices.py", "from shop.prices import PriceList\n\n\ndef test_price():\n    assert PriceList().price_of('tea') == 1\n");
    sandbox.write("go.mod", "module example.invalid/shop\n");
    sandbox.write("pkg/money/money.go", "package money\n\nfunc Round(x int) int { return x }\n");
    sandbox.write(
        "cmd/main.go",
        "package main\n\nimport \"example.invalid/shop/pkg/money\"\n\nfunc main() { money.Round(1) }\n",
    );
    sandbox.write("web/app.ts", "import { draw } from './parts/draw';\nexport const start = () => draw();\n");
    sandbox.write("web/parts/draw.ts", "export function draw() {}\n");
    sandbox.write("lib/parts/draw.ts", "export function paint() {}\n");
    sandbox
}

fn relations(answer: &Value, path: &str) -> Vec<String> {
    let files = answer["files"].as_array().unwrap();
    let file = files.iter().find(|file| file["path"] == path);
    let list = file.map(|file| file["relations"].as_array().unwrap().clone()).unwrap_or_default();
    list.iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_name_is_found_where_it_is_defined_and_used() {
    let sandbox = project();
    let found = sandbox.rtk(&["memory", "symbol", "PriceList.price_of", "--json"]).success().json();
    let definitions = found["definitions"].as_array().unwrap();
    assert_eq!(definitions.len(), 1, "{found}");
    assert_eq!(definitions[0]["path"], "shop/prices.py");
    assert_eq!(
        (definitions[0]["start_line"].as_u64(), definitions[0]["end_line"].as_u64()),
        (Some(6), Some(7))
    );
    assert_eq!(definitions[0]["container"], "PriceList");
    let uses = found["uses"].as_array().unwrap();
    assert_eq!(uses[0]["path"], "shop/till.py", "{found}");
    assert_eq!(uses[0]["lines"][0]["inside"], "ring");
    assert!(uses.iter().any(|file| file["path"] == "tests/test_prices.py" && file["test"] == true));
    let both = sandbox.rtk(&["memory", "symbol", "price_of", "--json", "--top", "1"]).success().json();
    assert_eq!(both["definitions_total"], 2);
    assert_eq!(both["definitions"].as_array().unwrap().len(), 1);
    sandbox
        .rtk(&["memory", "symbol", "PriceList"])
        .success()
        .says("shop/prices.py:1-7  class: class PriceList:");
    sandbox.rtk(&["memory", "symbol", "Nowhere"]).success().says("No file has the name Nowhere");
    sandbox.rtk(&["memory", "symbol", "::"]).code(2).complains("rtk memory symbol RateLimiter");
    // What has just been written is known at once.
    sandbox.write("shop/late.py", "def brand_new_name():\n    pass\n");
    sandbox.rtk(&["memory", "symbol", "brand_new_name"]).success().says("shop/late.py:1-2");
}

#[test]
fn files_belong_together_by_imports_tests_and_history() {
    let sandbox = project();
    sandbox.git(&["init", "-q", "-b", "main"]);
    commit(&sandbox, "First");
    for number in 0..3 {
        sandbox.write("shop/stock.py", format!("def count():\n    return {number}\n"));
        sandbox.write(
            "pkg/money/money.go",
            format!("package money\n\nfunc Round(x int) int {{ return {number} }}\n"),
        );
        commit(&sandbox, "Together");
    }
    sandbox.rtk(&["memory", "refresh"]).success();
    let of = |file: &str| sandbox.rtk(&["memory", "related", file, "--json"]).success().json();
    let prices = of("shop/prices.py");
    assert!(relations(&prices, "shop/till.py").contains(&"imported_by".into()), "{prices}");
    assert!(relations(&prices, "tests/test_prices.py").contains(&"tested_by".into()));
    let till = of("shop/till.py");
    assert!(relations(&till, "shop/prices.py").contains(&"imports".into()));
    assert!(relations(&till, "shop/stock.py").contains(&"imports".into()));
    assert!(relations(&of("tests/test_prices.py"), "shop/prices.py").contains(&"tests".into()));
    assert!(relations(&of("cmd/main.go"), "pkg/money/money.go").contains(&"imports".into()));
    assert!(relations(&of("pkg/money/money.go"), "cmd/main.go").contains(&"imported_by".into()));
    assert!(relations(&of("pkg/money/money.go"), "shop/stock.py").contains(&"changed_together".into()));
    let app = of("web/app.ts");
    assert!(relations(&app, "web/parts/draw.ts").contains(&"imports".into()), "{app}");
    assert!(!relations(&app, "lib/parts/draw.ts").contains(&"imports".into()), "{app}");
    sandbox.rtk(&["memory", "related", "./web/../web/app.ts"]).success().says("web/parts/draw.ts  ");
    sandbox.rtk(&["memory", "related", "no.such"]).code(1).complains("no.such is not among the files");
}
