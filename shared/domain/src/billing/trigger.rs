//! Why the account's charges are looked at.

use jiff::Timestamp;

use crate::money::Cents;

/// What nudged us to look at the account's charges.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// Time has passed.
    Heartbeat,
    /// An alarm on what AWS charges changed its state. What it says is not believed: it is looked at.
    AlarmChanged,
    /// AWS Budgets wrote a mail.
    BudgetReported(BudgetReport),
    /// A person asks how things are.
    Status,
    /// A person asks what each rung would do now.
    Preview,
    /// A person lifts what is in force.
    Release {
        /// Why.
        reason: String,
    },
    /// A person says that a reading nobody believed is right.
    Confirm {
        /// Why.
        reason: String,
    },
    /// A person keeps everything as it is for a while, whatever is charged.
    Exempt {
        /// Until then.
        until: Timestamp,
        /// Who answers for it.
        owner: String,
        /// Why.
        reason: String,
    },
}

impl Trigger {
    /// Whether nobody waits for the answer.
    #[must_use]
    pub fn is_nudge(&self) -> bool {
        matches!(self, Trigger::Heartbeat | Trigger::AlarmChanged | Trigger::BudgetReported(_))
    }

    /// Whether somebody only asks, and nothing is changed.
    #[must_use]
    pub fn is_question(&self) -> bool {
        matches!(self, Trigger::Status | Trigger::Preview)
    }
}

/// What a mail of AWS Budgets says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetReport {
    /// Whether it has happened or is expected.
    pub alert: BudgetAlert,
    /// So much.
    pub amount: Cents,
}

/// The two kinds of alert of AWS Budgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetAlert {
    /// It was charged: a nudge to read what was.
    Actual,
    /// It is forecast for the end of the period.
    Forecasted,
}
