//! A progress bar on a terminal, while many files are processed.

use std::{
    io::IsTerminal,
    sync::{Arc, Mutex, PoisonError},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    model::Message,
    pipeline::{Silent, Watcher},
};

/// The current bar.
struct Bar(Mutex<Option<ProgressBar>>);

/// A bar on a terminal, otherwise nothing.
pub(super) fn watcher() -> Arc<dyn Watcher> {
    if std::io::stderr().is_terminal() { Arc::new(Bar(Mutex::new(None))) } else { Arc::new(Silent) }
}

/// A bar for this number of files, on a terminal.
pub(super) fn count(files: usize) -> ProgressBar {
    if files < 2 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(files as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    bar
}

impl Watcher for Bar {
    fn found(&self, flow: &str, files: usize) {
        let bar = ProgressBar::new(files as u64).with_message(flow.to_string());
        if let Ok(style) = ProgressStyle::with_template("{msg:20} {bar:30} {pos}/{len} {eta}") {
            bar.set_style(style);
        }
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
    }

    fn settled(&self, _: &Message) {
        if let Some(bar) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            bar.inc(1);
            if bar.length() == Some(bar.position()) {
                bar.finish_and_clear();
            }
        }
    }
}
