//! What may be set: limits, and what counts as evidence.

/// How many reports are sent, and how many are evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Most reports of one address within an hour that are sent.
    pub per_address_an_hour: usize,
    /// Most reports of all within an hour that are sent.
    pub overall_an_hour: usize,
    /// So many similar bugs after a flip are told to the alerts, at least 1.
    pub after_flip_reports: u32,
    /// So long after a flip they count, in minutes.
    pub after_flip_minutes: u32,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules { per_address_an_hour: 5, overall_an_hour: 60, after_flip_reports: 3, after_flip_minutes: 30 }
    }
}
