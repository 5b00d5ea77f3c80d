//! The binaries under test: built, started, asked.

use serde_json::json;
use signalbox_tests::build;
use signalbox_tests::moto::Moto;
use signalbox_tests::runtime::REGION;
use signalbox_tests::stack::Stack;

#[test]
fn every_binary_is_built_and_cargo_says_where() {
    for name in ["deployer", "rollback", "signalbox"] {
        let path = build::binary(name);
        assert!(path.is_file() && path.file_stem().is_some_and(|stem| stem == name), "{}", path.display());
    }
}

#[tokio::test]
async fn a_started_deployer_knows_the_stack() {
    let stack = Stack::create(&Moto::shared()).await;
    let deployer = stack.start("deployer").await;
    assert_eq!(deployer.arn(), format!("arn:aws:lambda:{REGION}:123456789012:function:deployer"));
    let status = deployer.invoke(json!({"command": "status", "service": stack.name})).await.unwrap();
    assert_eq!((&status["service"], &status["outcome"]), (&json!(stack.name), &json!("idle")), "{status}");
}

#[tokio::test]
async fn a_deployer_without_its_table_does_not_start_and_names_the_variable() {
    let stack = Stack::create(&Moto::shared()).await;
    let failure = stack.launch("deployer").without("SIGNALBOX_TABLE").start_expecting_failure().await;
    assert!(!failure.status.success());
    let said = format!("{:?} {:?}", failure.reported, failure.logs);
    assert!(said.contains("SIGNALBOX_TABLE"), "{said}");
}
