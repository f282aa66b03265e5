//! A folder of a partner's drop, as a flow sees it.

use std::sync::Arc;

use crate::{
    config::{Documents, FilesSource, FilesTarget, Flow},
    endpoint::site::Site,
    model::Problem,
    transport::RemoteFs,
};

/// A folder to receive files from.
pub(super) struct FilesIn<'f> {
    pub(super) site: &'f Site,
    pub(super) flow: &'f Flow,
    pub(super) files: &'f FilesSource,
    pub(super) documents: &'f Documents,
}

/// A folder to send files to.
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
    /// The folder of these settings, for the flow's partner.
    pub fn new(site: &'f Site, flow: &'f Flow, files: &'f FilesTarget) -> Self {
        Self { site, flow, files }
    }

    pub(super) async fn drop(&self) -> Result<Arc<dyn RemoteFs>, Problem> {
        self.site.drop(&self.flow.partner).await
    }
}
