//! A drop whose every operation is a step that a test can make go wrong, before it or after it. Debug builds put it around each drop.

use std::sync::Arc;

use crate::{
    model::{
        BoxFuture, Problem,
        step::{Outside, step},
    },
    transport::{Drop, Entry, Sink},
};

pub(super) struct Stepped(pub(super) Arc<dyn Drop>);

macro_rules! stepped {
    ($name:literal, $work:expr) => {
        Box::pin(async move {
            step(Outside::Drop, concat!("before ", $name))?;
            let done = $work.await?;
            step(Outside::Drop, concat!("after ", $name))?;
            Ok(done)
        })
    };
}

impl Drop for Stepped {
    fn list<'a>(&'a self, folder: &'a str) -> BoxFuture<'a, Result<Vec<Entry>, Problem>> {
        stepped!("list", self.0.list(folder))
    }

    fn stat<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Option<Entry>, Problem>> {
        stepped!("stat", self.0.stat(path))
    }

    fn fetch<'a>(&'a self, path: &'a str, expected: u64, limit: u64, sink: &'a mut dyn Sink) -> BoxFuture<'a, Result<(), Problem>> {
        stepped!("fetch", self.0.fetch(path, expected, limit, sink))
    }

    fn write<'a>(&'a self, path: &'a str, bytes: &'a [u8]) -> BoxFuture<'a, Result<(), Problem>> {
        stepped!("write", self.0.write(path, bytes))
    }

    fn rename<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        stepped!("rename", self.0.rename(from, to))
    }

    fn replace<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        stepped!("replace", self.0.replace(from, to))
    }

    fn remove<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        stepped!("remove", self.0.remove(path))
    }

    fn make_folder<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        stepped!("make_folder", self.0.make_folder(path))
    }

    fn name(&self) -> String {
        self.0.name()
    }

    fn at_once(&self) -> usize {
        self.0.at_once()
    }
}
