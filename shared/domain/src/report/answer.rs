//! What is answered to whoever sent reports.

use serde::Serialize;

use super::decide::Outcome;
use crate::mistake::Mistake;

/// What became of the reports of one event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// How many are sent.
    pub accepted: u64,
    /// How many came before.
    pub duplicate: u64,
    /// How many are only kept.
    pub limited: u64,
    /// Those that have a mistake.
    pub rejected: Vec<Rejected>,
}

/// A report with a mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// Which record of the event: `Records[0]`, or `.` where there is only one.
    pub record: String,
    /// What is wrong, by its path, and what would be right.
    pub reason: String,
}

impl Answer {
    /// One more was decided.
    pub fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Accepted => self.accepted += 1,
            Outcome::Duplicate => self.duplicate += 1,
            Outcome::Limited(_) => self.limited += 1,
        }
    }

    /// One more was rejected.
    pub fn reject(&mut self, record: &str, mistake: &Mistake) {
        self.rejected.push(Rejected { record: record.to_owned(), reason: mistake.to_string() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Limit;

    #[test]
    fn an_answer_counts_and_says_what_is_wrong_with_which() {
        let mut answer = Answer::default();
        for outcome in [Outcome::Accepted, Outcome::Accepted, Outcome::Duplicate, Outcome::Limited(Limit::Overall)] {
            answer.count(outcome);
        }
        answer.reject("Records[1]", &Mistake::at("Records[1].Sns.Message.email", "is required"));
        let expected = serde_json::json!({
            "accepted": 2, "duplicate": 1, "limited": 1,
            "rejected": [{"record": "Records[1]", "reason": "Records[1].Sns.Message.email: is required"}],
        });
        assert_eq!(serde_json::to_value(answer).unwrap(), expected);
    }
}
