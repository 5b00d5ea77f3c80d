//! The table: definitions, records, operations, decisions, what was accepted before, what is charged, and
//! bug reports.
//!
//! | `pk` | `sk` | content of `doc` |
//! |---|---|---|
//! | `SERVICES` | `<service>` | the definition |
//! | `SERVICE#<service>` | `RECORD` | the record |
//! | `SERVICE#<service>` | `DEPLOYMENT#<id>` | a deployment with its timeline |
//! | `SERVICE#<service>` | `REPLACEMENT#<id>` | a replacement with its timeline |
//! | `SERVICE#<service>` | `DECISION#<ulid>` | what was decided about one event |
//! | `SERVICE#<service>` | `REQUEST#<id>` | the operation that an accepted request belongs to |
//! | `ACCOUNT` | `BILLING#PLAN` | the billing plan |
//! | `ACCOUNT` | `BILLING#<yyyy-mm>` | what is remembered of that month |
//! | `REPORT#<fingerprint>` | `REPORT` | a thread of reports |
//! | `REPORT#ID#<id>` | `ENTRY` | a report |
//! | `REPORT#DESK` | `DESK` | what reports share |

mod billing;
mod items;
mod load;
mod reports;
mod save;
mod setup;
mod ulid;

use aws_sdk_dynamodb::Client;
use aws_types::SdkConfig;
use signalbox_domain::record::OperationKind;
use signalbox_domain::text::{RequestId, ServiceName};
use signalbox_reconciler::ports::{CloudError, Loaded, OperationItem, Save, Saved, Store};

pub use setup::create_table;

/// The one table of the suite.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: String,
}

impl Table {
    /// The table of this name, or ARN.
    #[must_use]
    pub fn new(config: &SdkConfig, name: String) -> Self {
        Table { client: Client::new(config), name }
    }
}

impl Store for Table {
    async fn load(&self, service: &ServiceName, request: Option<&RequestId>) -> Result<Loaded, CloudError> {
        self.read_service(service, request).await
    }

    async fn operation(
        &self,
        service: &ServiceName,
        kind: OperationKind,
        id: &RequestId,
    ) -> Result<Option<OperationItem>, CloudError> {
        self.read_operation(service, kind, id).await
    }

    async fn definitions(&self) -> Result<Vec<(String, String)>, CloudError> {
        self.read_definitions().await
    }

    async fn busy(&self) -> Result<Vec<ServiceName>, CloudError> {
        self.read_busy().await
    }

    async fn save(&self, save: &Save) -> Result<Saved, CloudError> {
        self.transact(save).await
    }
}
