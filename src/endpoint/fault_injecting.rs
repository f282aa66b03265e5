//! A drop in which a test can make every operation fail, before or after it. It wraps each drop if failpoints are on.

use std::sync::Arc;

use crate::{
    failpoints::{self, Failure, Outside},
    model::{BoxFuture, Code, Problem, Sink},
    transport::{DirEntry, RemoteFs},
};

pub(super) struct FaultInjectingStore(pub(super) Arc<dyn RemoteFs>);

fn step(what: &str) -> Result<(), Problem> {
    failpoints::step(Outside::Drop, what).map_err(|failure| {
        let code = match failure {
            Failure::Cut => Code::DropUnreachable,
            Failure::Denied => Code::DropDenied,
            Failure::Full => Code::DiskFull,
            Failure::Fail => Code::DropIo,
        };
        Problem::new(code, failpoints::sentence(what))
    })
}

macro_rules! stepped {
    ($name:literal, $work:expr) => {
        Box::pin(async move {
            step(concat!("before ", $name))?;
            let done = $work.await?;
            step(concat!("after ", $name))?;
            Ok(done)
        })
    };
}

impl RemoteFs for FaultInjectingStore {
    fn list<'a>(&'a self, folder: &'a str) -> BoxFuture<'a, Result<Vec<DirEntry>, Problem>> {
        stepped!("list", self.0.list(folder))
    }

    fn stat<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Option<DirEntry>, Problem>> {
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

    fn moved(&self) -> u64 {
        self.0.moved()
    }
}
