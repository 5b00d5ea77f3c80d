//! Whatever is in a report. `cargo run --release -p signalbox-domain --example fuzz_reports` tries more of it.

use proptest::prelude::*;
use signalbox_domain::report::{Document, redact};

use super::invented::{Chance, Invented, Office, check};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// P1, P4, P5.
    #[test]
    fn no_sink_shows_a_secret_or_anything_live(seed: u64) {
        let now = "2026-11-23T01:30:00Z".parse().unwrap();
        let invented = Invented::by(&mut Chance(seed));
        let held = check(&invented, &mut Office::default(), now);
        prop_assert!(held.is_ok(), "seed {seed}: {}", held.unwrap_err());
    }

    #[test]
    fn redacting_twice_is_redacting_once(text in r#"([a-zA-Z0-9+/=_:@%&"' \n\[\]{}.-]|AKIA|password|://|BEGIN PRIVATE KEY|-----|Bearer |\PC){0,80}"#) {
        let once = redact(&text);
        prop_assert_eq!(redact(&once), once);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let form = Document::from_form(&bytes).and_then(|document| document.report());
        let json = Document::from_json(&String::from_utf8_lossy(&bytes)).and_then(|document| document.report());
        prop_assert!(form.is_err() && json.is_err(), "an address comes by no chance");
    }
}
