//! Scenarios: what people, pipelines and the world do to a service, at which moment. A scenario says
//! nothing of how it should be handled; it says which ends are acceptable.

mod billing;
mod deployment;
mod mixture;
mod replacement;
mod reports;
mod script;
mod words;

use std::borrow::Cow;

pub use script::{Line, Quality, What, When};

use crate::world::World;

/// One scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its id, such as `D4`.
    pub id: &'static str,
    /// What it is about, in one sentence.
    pub about: &'static str,
    /// The definition's fields beyond the basic ones, as JSON text.
    pub definition: Cow<'static, str>,
    /// What the world is like at the beginning.
    pub opening: fn(&mut World),
    /// What happens.
    pub script: Vec<Line>,
    /// The releases that may be live in the end when the weather is calm.
    pub ends_on: &'static [&'static str],
    /// The releases that may be live when calls fail and functions die.
    pub ends_on_in_weather: &'static [&'static str],
    /// What else must hold in the end.
    pub judge: fn(&World) -> Vec<String>,
    /// It is drawn anew for each seed.
    pub(crate) drawn: Option<fn(u64) -> Scenario>,
}

impl Scenario {
    /// All of them, in order.
    #[must_use]
    pub fn all() -> Vec<Scenario> {
        let mut all = deployment::scenarios();
        all.extend(replacement::scenarios());
        all.extend(billing::scenarios());
        all.extend(reports::scenarios());
        all.push(mixture::mixture(0));
        all
    }

    /// A service as simple as can be, on v1 before and after, of which nothing else is required.
    fn of(id: &'static str, about: &'static str, script: Vec<(When, What)>) -> Scenario {
        Scenario {
            id,
            about,
            definition: "".into(),
            opening: |_| {},
            script: script.into_iter().map(|(when, what)| Line { when, what }).collect(),
            ends_on: &["v1"],
            ends_on_in_weather: &["v1"],
            judge: |_| Vec::new(),
            drawn: None,
        }
    }

    /// A story told elsewhere, of which no end is required.
    pub(crate) fn told(script: Vec<Line>, opening: fn(&mut World)) -> Scenario {
        let story = Scenario::of("TOLD", "a story told elsewhere", Vec::new());
        Scenario { script, opening, ends_on: &[], ends_on_in_weather: &[], ..story }
    }

    /// Whether it is a mixture, which differs with each seed.
    #[must_use]
    pub fn is_mixture(&self) -> bool {
        self.drawn.is_some()
    }

    /// The scenario as it is with this seed.
    #[must_use]
    pub fn with_seed(&self, seed: u64) -> Scenario {
        match self.drawn {
            Some(draw) => Scenario { drawn: None, ..draw(seed) },
            None => self.clone(),
        }
    }

    /// Whether its script has something of this kind.
    pub(crate) fn does(&self, kind: impl Fn(&What) -> bool) -> bool {
        self.script.iter().any(|line| kind(&line.what))
    }

    /// The scenario with this id, or all those of one row: `D5` has one for each phase.
    #[must_use]
    pub fn named(id: &str) -> Vec<Scenario> {
        let row = format!("{}-", id.to_ascii_lowercase());
        let mut named = Scenario::all();
        named.retain(|scenario| {
            let own = scenario.id.to_ascii_lowercase();
            own == row.trim_end_matches('-') || own.starts_with(&row)
        });
        named
    }
}
