//! What goes wrong: the process killed or told to end, sshd and Odoo restarted. And what the process holds meanwhile.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Child, Command},
    time::{Duration, Instant},
};

use crate::common::{sshd::Running, world::World};

/// What a process held at one moment.
#[derive(Debug, Clone, Copy)]
struct Held {
    age: Duration,
    memory: u64,
    files: u64,
}

pub struct Chaos {
    state: u64,
    sshd: Running,
    process: Child,
    born: Instant,
    next: Instant,
    /// Seconds between one bad thing and the next, about.
    pace: u64,
    done: BTreeMap<&'static str, u32>,
    /// Of the process that runs now.
    held: Vec<Held>,
    most: Held,
}

/// How old a process is that has grown into its buffers.
const GROWN: Duration = Duration::from_secs(300);
/// KB of memory that no process of a soak comes near: 89 MB were the most that was seen.
const MOST: u64 = 160 << 10;

impl Chaos {
    pub fn new(seed: u64, time: Duration, sshd: Running, world: &World) -> Self {
        let (now, pace) = (Instant::now(), (time.as_secs() / 60).clamp(2, 20));
        Self {
            state: seed | 1,
            sshd,
            process: world.daemon(),
            born: now,
            next: now + Duration::from_secs(pace),
            pace,
            done: BTreeMap::new(),
            held: Vec::new(),
            most: Held { age: Duration::ZERO, memory: 0, files: 0 },
        }
    }

    /// A number below `limit` (xorshift64, Marsaglia 2003).
    pub fn random(&mut self, limit: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % limit
    }

    /// Does something bad, now and then.
    pub fn perhaps(&mut self, world: &World) {
        if Instant::now() < self.next {
            return;
        }
        let what = match self.random(12) {
            0..=6 => {
                self.process.kill().expect("killed");
                self.start(world);
                "kill -9"
            }
            7 => {
                self.end();
                self.start(world);
                "stopped and started"
            }
            8 | 9 => {
                self.sshd.restart();
                "sshd restarted"
            }
            10 => {
                services("odoo-kill");
                std::thread::sleep(Duration::from_secs(2));
                services("odoo-start");
                "Odoo killed and started"
            }
            _ => {
                services("odoo-kill");
                self.process.kill().expect("killed");
                services("odoo-start");
                self.start(world);
                "both killed"
            }
        };
        *self.done.entry(what).or_default() += 1;
        self.next = Instant::now() + Duration::from_secs(self.pace / 2 + self.random(self.pace));
    }

    fn start(&mut self, world: &World) {
        let _ = self.process.wait();
        self.process = world.daemon();
        self.born = Instant::now();
        self.held.clear();
    }

    /// Everything runs again.
    pub fn all_up(&mut self, world: &World) {
        if self.process.try_wait().expect("a process").is_some() {
            self.start(world);
        }
    }

    /// Notes what the process holds; that it has ended by itself is a failure.
    pub fn look(&mut self) {
        assert!(self.process.try_wait().expect("a process").is_none(), "consign ended by itself");
        let proc = Path::new("/proc").join(self.process.id().to_string());
        let status = fs::read_to_string(proc.join("status")).expect("a status");
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok()).unwrap_or(0);
        let files = fs::read_dir(proc.join("fd")).map_or(0, |files| files.count()) as u64;
        let held = Held { age: self.born.elapsed(), memory, files };
        self.held.push(held);
        self.most = Held { age: self.most.age.max(held.age), memory: self.most.memory.max(memory), files: self.most.files.max(files) };
    }

    /// Tells the process to end, as systemd does, and waits for it.
    pub fn end(&mut self) {
        let told = Command::new("kill").arg("-TERM").arg(self.process.id().to_string()).status().expect("kill");
        assert!(told.success());
        // `stop_after`, and some more.
        let patience = Instant::now() + Duration::from_secs(90);
        while self.process.try_wait().expect("a process").is_none() {
            assert!(Instant::now() < patience, "told to end, it does not");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    pub fn told(&self) -> String {
        let done: Vec<String> = self.done.iter().map(|(what, times)| format!("{times} × {what}")).collect();
        format!(
            "{}; at most {} MB and {} files open, the oldest process {} s",
            if done.is_empty() { "nothing was restarted".into() } else { done.join(", ") },
            self.most.memory / 1024,
            self.most.files,
            self.most.age.as_secs()
        )
    }

    /// The process that ran last held no more at its end than in its youth.
    pub fn is_flat(&self) {
        assert!(self.most.files < 100, "{} files open", self.most.files);
        assert!(self.most.memory < MOST, "{} KB of memory", self.most.memory);
        let quarter = self.held.len() / 4;
        // A process that is young still grows into its buffers.
        if quarter < 20 || self.born.elapsed() < GROWN {
            println!("soak: too short to tell whether memory and file handles are flat");
            return;
        }
        let most = |held: &[Held], what: fn(&Held) -> u64| held.iter().map(what).max().unwrap_or(0);
        let (early, late) = (&self.held[quarter..2 * quarter], &self.held[3 * quarter..]);
        let (memory, files) = (
            (most(early, |held| held.memory), most(late, |held| held.memory)),
            (most(early, |held| held.files), most(late, |held| held.files)),
        );
        println!(
            "soak: over {} s of one process: memory {} -> {} MB, files {} -> {}",
            self.born.elapsed().as_secs(),
            memory.0 / 1024,
            memory.1 / 1024,
            files.0,
            files.1
        );
        // 8 MB are what an allocator may hold back.
        assert!(memory.1 <= memory.0 + memory.0 / 10 + 8 * 1024, "memory grows");
        assert!(files.1 <= files.0 + 4, "file handles grow");
    }
}

fn services(verb: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live/services.sh");
    let done = Command::new(script).arg(verb).status().expect("the services script");
    assert!(done.success(), "services.sh {verb}");
}
