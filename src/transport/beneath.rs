//! Files below one folder, reached by folder handles and never by a whole path. Whoever may write there can replace a folder by a link
//! at any moment, and nothing here follows it.
//!
//! The root itself may be a link: its path comes from our own configuration.

use std::{
    fs::File,
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::PathBuf,
};

use chrono::{DateTime, Utc};
use rustix::{
    fs::{
        AtFlags, CWD, Dir, FileType, Mode, OFlags, RenameFlags, Stat, linkat, mkdirat, openat, renameat, renameat_with, statat, unlinkat,
    },
    io::Errno,
};

/// What the folder says about a file.
pub(super) struct Found {
    pub(super) size: u64,
    pub(super) modified: Option<DateTime<Utc>>,
}

/// A folder and what is below it.
#[derive(Debug, Clone)]
pub(super) struct Beneath {
    pub(super) root: PathBuf,
    /// Opens folder by folder, as on a kernel that cannot do it in one call.
    pub(super) step_by_step: bool,
}

/// An open folder, and a name in it.
struct Spot<'p> {
    folder: OwnedFd,
    name: &'p [u8],
}

/// Flags to look up names in a folder, without the right to list it.
#[cfg(target_os = "linux")]
const LOOK: OFlags = OFlags::PATH.union(FOLDER);
#[cfg(not(target_os = "linux"))]
const LOOK: OFlags = LIST;
/// Flags to list it.
const LIST: OFlags = OFlags::RDONLY.union(FOLDER);
const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);

fn folders(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".")
}

impl Beneath {
    fn root(&self, flags: OFlags) -> io::Result<OwnedFd> {
        Ok(openat(CWD, &self.root, flags, Mode::empty())?)
    }

    /// Opens a folder.
    fn folder(&self, path: &[u8], flags: OFlags) -> io::Result<OwnedFd> {
        let mut parts = folders(path).peekable();
        if parts.peek().is_none() {
            return self.root(flags);
        }
        let root = self.root(LOOK)?;
        #[cfg(target_os = "linux")]
        if !self.step_by_step {
            match in_one_call(root.as_fd(), path, flags) {
                // An old kernel, or a sandbox that does not know the call.
                Err(Errno::NOSYS | Errno::PERM | Errno::INVAL) => {}
                opened => return Ok(opened?),
            }
        }
        let mut here = root;
        while let Some(part) = parts.next() {
            let flags = if parts.peek().is_none() { flags } else { LOOK };
            here = step(&here, part, flags)?;
        }
        Ok(here)
    }

    fn spot<'p>(&self, path: &'p [u8]) -> io::Result<Spot<'p>> {
        let path = path.strip_suffix(b"/").unwrap_or(path);
        let at = path.iter().rposition(|byte| *byte == b'/');
        let (above, name) = at.map_or((&path[..0], path), |at| (&path[..at], &path[at + 1..]));
        if name.is_empty() || name == b"." {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Spot { folder: self.folder(above, LOOK)?, name })
    }

    /// The regular files of a folder, with their names.
    pub(super) fn list(&self, path: &[u8]) -> io::Result<Vec<(Vec<u8>, Found)>> {
        let folder = self.folder(path, LIST)?;
        let mut files = Vec::new();
        for entry in Dir::read_from(&folder)? {
            let entry = entry?;
            if !matches!(entry.file_type(), FileType::RegularFile | FileType::Unknown) {
                continue;
            }
            // A file may vanish between listing and reading; then it does not exist.
            if let Some(found) = statat(&folder, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW).ok().and_then(|stat| file(&stat)) {
                files.push((entry.file_name().to_bytes().to_vec(), found));
            }
        }
        Ok(files)
    }

    /// A regular file, if there is one.
    pub(super) fn find(&self, path: &[u8]) -> io::Result<Option<Found>> {
        let spot = self.spot(path)?;
        match statat(&spot.folder, spot.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(file(&stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a file for reading. It may have been replaced meanwhile: callers check the handle.
    pub(super) fn read(&self, path: &[u8]) -> io::Result<File> {
        let spot = self.spot(path)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        match openat(&spot.folder, spot.name, flags, Mode::empty()) {
            // A link is no file.
            Err(Errno::LOOP) => Err(io::ErrorKind::NotFound.into()),
            opened => Ok(File::from(opened?)),
        }
    }

    /// Creates a file that has no other name; an existing one is removed.
    pub(super) fn create(&self, path: &[u8]) -> io::Result<File> {
        let spot = self.spot(path)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let create = || openat(&spot.folder, spot.name, flags, Mode::from_raw_mode(0o666));
        let made = match create() {
            Err(Errno::EXIST) => {
                unlinkat(&spot.folder, spot.name, AtFlags::empty())?;
                create()
            }
            made => made,
        };
        Ok(File::from(made?))
    }

    /// Removes a file.
    pub(super) fn remove(&self, path: &[u8]) -> io::Result<()> {
        let spot = self.spot(path)?;
        Ok(unlinkat(&spot.folder, spot.name, AtFlags::empty())?)
    }

    /// Renames a file, replacing an existing one.
    pub(super) fn replace(&self, from: &[u8], to: &[u8]) -> io::Result<()> {
        let (from, to) = (self.spot(from)?, self.spot(to)?);
        renameat(&from.folder, from.name, &to.folder, to.name)?;
        sync(to.folder.as_fd());
        Ok(())
    }

    /// Renames a file in one step that never replaces; it is on disk when this returns. File systems that cannot do that get a link and
    /// an unlink; if the unlink is refused, the link is removed.
    pub(super) fn rename(&self, from: &[u8], to: &[u8]) -> io::Result<()> {
        let (from, to) = (self.spot(from)?, self.spot(to)?);
        match renameat_with(&from.folder, from.name, &to.folder, to.name, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => by_link(&from, &to)?,
            renamed => renamed?,
        }
        sync(to.folder.as_fd());
        Ok(())
    }

    /// Creates a folder and its missing parents.
    pub(super) fn make_folder(&self, path: &[u8]) -> io::Result<()> {
        let mut here = self.root(LOOK)?;
        for part in folders(path) {
            match mkdirat(&here, part, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(Errno::EXIST) => {}
                // An existing folder may be in one where nothing may be created.
                Err(error) if statat(&here, part, AtFlags::SYMLINK_NOFOLLOW).is_err() => return Err(error.into()),
                Err(_) => {}
            }
            here = step(&here, part, LOOK)?;
        }
        Ok(())
    }
}

/// Opens a folder in a folder, and never the target of a link with that name.
fn step(here: &OwnedFd, part: &[u8], flags: OFlags) -> io::Result<OwnedFd> {
    openat(here, part, flags | OFlags::NOFOLLOW, Mode::empty()).map_err(|error| {
        let is_link = statat(here, part, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|stat| kind(&stat) == FileType::Symlink);
        io::Error::from(if is_link { Errno::LOOP } else { error })
    })
}

#[cfg(target_os = "linux")]
fn in_one_call(root: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
    use rustix::fs::{ResolveFlags, openat2};
    let relative = path.strip_prefix(b"/").unwrap_or(path);
    let opened = openat2(root, relative, flags, Mode::empty(), ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS);
    // It would leave the folder, but not over a link.
    opened.map_err(|error| if error == Errno::XDEV { Errno::LOOP } else { error })
}

fn by_link(from: &Spot<'_>, to: &Spot<'_>) -> io::Result<()> {
    match linkat(&from.folder, from.name, &to.folder, to.name, AtFlags::empty()) {
        Ok(()) => {
            if let Err(error) = unlinkat(&from.folder, from.name, AtFlags::empty()) {
                unlinkat(&to.folder, to.name, AtFlags::empty())?;
                return Err(error.into());
            }
            Ok(())
        }
        Err(error @ (Errno::EXIST | Errno::NOENT)) => Err(error.into()),
        // No links either (FAT, some shares): the only way left is to check first.
        Err(_) if !matches!(statat(&to.folder, to.name, AtFlags::SYMLINK_NOFOLLOW), Err(Errno::NOENT)) => {
            Err(io::ErrorKind::AlreadyExists.into())
        }
        Err(_) => Ok(renameat(&from.folder, from.name, &to.folder, to.name)?),
    }
}

/// A folder that cannot be synced (some shares) has done what it can.
fn sync(folder: BorrowedFd<'_>) {
    let _ = openat(folder, ".", LIST, Mode::empty()).map(|folder| rustix::fs::fsync(&folder));
}

fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

fn file(stat: &Stat) -> Option<Found> {
    let modified = u32::try_from(stat.st_mtime_nsec).ok().and_then(|nanos| DateTime::from_timestamp(stat.st_mtime, nanos));
    let size = u64::try_from(stat.st_size).unwrap_or_default();
    (kind(stat) == FileType::RegularFile).then_some(Found { size, modified })
}

/// Whether an error means that a link stood in the way.
pub(super) fn is_link(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::LOOP.raw_os_error())
}
