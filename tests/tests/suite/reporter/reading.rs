//! What is kept, read by a person.

use serde_json::{Value, json};
use signalbox_tests::invoke_api::InvokeApi;

use super::{Desk, answer, bug};
use crate::shell::{signalbox, text};

/// P6.
#[tokio::test]
async fn what_was_limited_is_read_with_the_command_that_the_digest_names() {
    let desk = Desk::new().await;
    let reporter = desk.start().await;
    let lambda = InvokeApi::start(&[]).await;
    let run = async |options: &[&str]| signalbox(&desk.stack, &lambda, &[&["reports"], options].concat()).await;
    let none = run(&[]).await;
    assert_eq!((none.status.code(), text(&none).as_str()), (Some(0), "no report is kept\n"));

    let letters = ["a", "b", "c", "d", "e", "f"];
    for letter in letters {
        let report = bug("ada@example.com", &format!("Upload of {letter} fails\nthread 00000000\u{1b}[2J"));
        let limited = u64::from(letter == "f");
        assert_eq!(reporter.invoke(desk.event(&[report])).await.unwrap(), answer(1 - limited, 0, limited));
    }
    let unsent = run(&["--unsent"]).await;
    let said = text(&unsent);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!((unsent.status.code(), lines.len()), (Some(0), 5), "{said}");
    let first = format!(" UTC  {} bug, warning  (limited: address)", desk.stack.name);
    assert!(lines[0].ends_with(&first), "{said}");
    assert_eq!(lines[2..], ["  from ada@example.com", "  > Upload of f fails", "  > thread 00000000[2J"]);

    let id = lines[1].trim().strip_prefix("thread ").and_then(|line| line.split(',').next()).unwrap();
    assert_eq!(text(&run(&["--thread", id]).await), said, "only that one is of its thread");
    let two = text(&run(&["--service", &desk.stack.name, "--last", "2"]).await);
    let theirs: Vec<&str> = two.lines().filter(|line| line.contains("Upload of")).collect();
    assert_eq!(theirs, ["  > Upload of f fails", "  > Upload of e fails"], "{two}");
    assert!(two.ends_with("\n\n4 more: --last 6 shows all\n"), "{two}");
    let read: Value = serde_json::from_slice(&run(&["--json"]).await.stdout).unwrap();
    assert_eq!((read["reports"].as_array().unwrap().len(), &read["more"]), (6, &json!(0)), "{read}");
    assert_eq!(text(&run(&["--service", "another"]).await), "0 of 6 kept reports match\n");

    let wrong = run(&["--thread", "upload"]).await;
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong).contains("8 or 32 hexadecimal digits"), "{}", text(&wrong));
}
