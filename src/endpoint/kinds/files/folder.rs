//! A folder of a partner's drop, as a flow sees it.

use std::sync::Arc;

use crate::{
    config::{Documents, FilesSource, FilesTarget, Flow},
    endpoint::site::Site,
    model::Problem,
    transport::RemoteFs,
};

/// A folder that files are taken from.
pub(super) struct FilesIn<'f> {
    pub(super) site: &'f Site,
    pub(super) flow: &'f Flow,
    pub(super) files: &'f FilesSource,
    pub(super) documents: &'f Documents,
}

/// A folder that files are put into.
pub struct FilesOut<'f> {
    pub(super) site: &'f Site,
    pub(super) flow: &'f Flow,
    pub(super) files: &'f FilesTarget,
}

impl FilesIn<'_> {
    pub(super) async fn drop(&self) -> Result<Arc<dyn RemoteFs>, Problem> {
        self.site.drop(&self.flow.partner).await
    }
}

impl<'f> FilesOut<'f> {
    /// The folder that these settings name, at the partner of a flow.
    pub fn new(site: &'f Site, flow: &'f Flow, files: &'f FilesTarget) -> Self {
        Self { site, flow, files }
    }

    pub(super) async fn drop(&self) -> Result<Arc<dyn RemoteFs>, Problem> {
        self.site.drop(&self.flow.partner).await
    }
}
