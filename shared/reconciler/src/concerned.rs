//! Whom an event concerns. Events name alarms and groups; only definitions know whose they are.

use futures_util::future::join_all;
use signalbox_domain::definition::Definition;
use signalbox_domain::trigger::{Nudge, Trigger};

use crate::look::{LookError, Looked, Reconciler};
use crate::ports::{CloudError, World};

impl<W: World> Reconciler<W> {
    /// Looks at every service for which `concerns` gives a trigger, side by side. The results of
    /// those that could be looked at, and the first failure of the others.
    ///
    /// # Errors
    /// The definitions could not be read from the table.
    pub async fn look_at_concerned(
        &self,
        concerns: impl Fn(&Definition) -> Option<Trigger>,
    ) -> Result<(Vec<Looked>, Option<LookError>), CloudError> {
        let definitions = self.world.definitions().await?;
        let nudges: Vec<Nudge> = definitions
            .into_iter()
            // One that cannot be read concerns nobody here; the heartbeat says what is wrong with it.
            .filter_map(|(_, text)| Definition::read(&text).ok())
            .filter_map(|definition| Some(Nudge { trigger: concerns(&definition)?, service: definition.name }))
            .collect();
        let mut looked = Vec::new();
        let mut failure = None;
        for result in join_all(nudges.iter().map(|nudge| self.look(nudge))).await {
            match result {
                Ok(done) => looked.push(done),
                Err(error) => {
                    tracing::error!(error_type = error.error_type(), %error, "look failed");
                    failure.get_or_insert(error);
                }
            }
        }
        Ok((looked, failure))
    }
}
