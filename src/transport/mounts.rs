//! Which folders are on another machine: the system does not report what others change there, so watching is blind.

use std::path::{Path, PathBuf};

/// Network file systems, and others that cannot report changes.
const REMOTE: [&str; 12] =
    ["nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "ceph", "glusterfs", "fuse.glusterfs", "fuse.rclone"];

/// The kind of network file system of a folder, if it is on one. If the system does not say, it counts as local.
pub fn network(folder: &Path) -> Option<String> {
    let folder = std::fs::canonicalize(folder).ok()?;
    kind_in(&std::fs::read_to_string("/proc/self/mountinfo").ok()?, &folder).filter(|kind| REMOTE.contains(&kind.as_str()))
}

/// The kind of the mount that holds a folder: the one with the deepest mount point, and of several there the last. Lines are as in
/// proc_pid_mountinfo(5): the mount point is the fifth field, the kind the first after ` - `.
fn kind_in(mounts: &str, folder: &Path) -> Option<String> {
    let parse = |line: &str| {
        let (before, after) = line.split_once(" - ")?;
        let point = PathBuf::from(before.split(' ').nth(4)?.replace("\\040", " "));
        Some((point, after.split(' ').next()?.to_string()))
    };
    let above = mounts.lines().filter_map(parse).filter(|(point, _)| folder.starts_with(point));
    above.max_by_key(|(point, _)| point.components().count()).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n\
                          90 22 0:47 / /mnt/partner\\040drops rw,relatime shared:50 - nfs4 server:/export rw\n\
                          91 90 0:48 / /mnt/partner\\040drops/local rw - tmpfs tmpfs rw\n";

    #[test]
    fn the_deepest_mount_decides() {
        for (folder, kind) in [("/srv/drops", "ext4"), ("/mnt/partner drops/in", "nfs4"), ("/mnt/partner drops/local/in", "tmpfs")] {
            assert_eq!(kind_in(MOUNTS, Path::new(folder)).as_deref(), Some(kind), "{folder}");
        }
        assert_eq!(network(&std::env::temp_dir()), None);
    }
}
