//! The document of the interface and the routes, side by side.

use super::*;
use std::collections::BTreeSet;

#[test]
fn the_document_has_exactly_the_routes_that_there_are() {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let documented: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    let served: BTreeSet<(String, String)> =
        ROUTES.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(documented, served);
    for (method, path, target) in ROUTES {
        let operation = &document["paths"][path][method.to_lowercase()];
        let open = operation["security"].as_array().is_some_and(Vec::is_empty);
        assert_eq!(open, target.is_open(), "{path}: the token");
        assert_eq!(operation["requestBody"].is_object(), *method == "POST", "{path}: a body");
    }
}

#[test]
fn every_page_has_its_own_nonce_and_nothing_else_may_run() {
    let (one, two) = (page(), page());
    let policy =
        |page: &Response| page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert_ne!(policy(&one), policy(&two));
    assert!(policy(&one).starts_with("default-src 'none'") && !policy(&one).contains("unsafe"));
    assert!(
        !PAGE.contains("http://") && !PAGE.contains("https://") && !PAGE.contains(" style="),
        "nothing from outside"
    );
    assert!(!PAGE.contains("innerHTML") && !PAGE.contains("onclick="), "text of repositories is text");
}
