//! Floor 8: the command line, one file for each command. A new command needs a file here, and below its module, variant and match arm.

mod alerts;
mod answer;
mod audit;
mod backup;
mod check;
pub mod demo;
mod discard;
mod doctor;
mod drops;
mod edit;
mod errors;
mod explain;
mod files;
mod find;
mod hold;
mod init;
mod keep;
mod library;
mod library_files;
mod log;
mod migrate;
mod new;
mod odoo;
mod open_files;
mod output;
mod pause;
mod plan;
mod progress;
mod release;
mod render;
mod replay_check;
mod report;
mod reprocess;
mod resend;
mod resolve;
mod restore;
mod run;
mod schemas;
mod selection_args;
mod serve;
mod show;
mod signals;
mod status;
mod test;
mod trust;
mod user;
mod validate;
mod web;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use clap::{Parser, Subcommand};

use self::output::Output;
use crate::{
    config::Workspace,
    endpoint,
    model::{Code, Problem, Problems, codes::Area, nearest::did_you_mean},
    pipeline::Engine,
};

/// File-based EDI between partners' drops and Odoo.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Cli {
    /// Workspace folder; the environment variable CONSIGN_WORKSPACE changes the default.
    #[arg(short, long, global = true, default_value = ".")]
    workspace: PathBuf,
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Show active alerts; exits 0 if there are none.
    Alerts(alerts::Args),
    /// Record a partner's acknowledgement by hand.
    Answer(answer::Args),
    /// Show the audit log: who did what, when and why.
    Audit(audit::Args),
    /// Back up the journal, originals and workspace files to one zip; consign may be running.
    Backup(backup::Args),
    /// Check the whole workspace offline: paths, fields, templates, schedules.
    Check(check::Args),
    /// Try consign in a minute: embedded SFTP server and Odoo, all flows, good and bad files.
    Demo(demo::Args),
    /// Discard messages, so that they are not processed any further.
    Discard(discard::Args),
    /// Test everything live: drops, folders, permissions, Odoo login, version and models.
    Doctor(doctor::Args),
    /// Show each drop as it is now: its files, which are held and why, and which could not be moved.
    Drops(drops::Args),
    /// Replace a message with an edited copy and process the copy.
    Edit(edit::Args),
    /// List messages that failed, wait or are held, and who must act.
    Errors(errors::Args),
    /// Explain a problem code.
    Explain(explain::Args),
    /// Find messages by file name, order number, GTIN or Odoo record.
    Find(find::Args),
    /// Hold messages until they are released.
    Hold(hold::Args),
    /// Create a workspace with the sample flows.
    Init(init::Args),
    /// Compress old days of the archive, and delete what is older than [keep] allows.
    Keep(keep::Args),
    /// List ready-made flows (UBL, openTRANS, camt, warehouse), or add one to the workspace.
    Library(library::Args),
    /// List messages, newest first.
    Log(log::Args),
    /// Write the new names of renamed keys into the workspace's files.
    Migrate(migrate::Args),
    /// Generate a starter flow from a schema and a sample.
    New(new::Args),
    /// Save a snapshot of the models and fields in Odoo, for offline checks.
    Odoo(odoo::Args),
    /// Pause flows: they receive nothing new, and finish what they have.
    Pause(pause::Args),
    /// Show what a file would change in Odoo; nothing is sent.
    Plan(plan::Args),
    /// Release held messages.
    Release(release::Args),
    /// Re-run the current mapping over processed files and show what would change.
    ReplayCheck(replay_check::Args),
    /// Reprocess messages from their stored originals.
    Reprocess(reprocess::Args),
    /// Resend documents: the same file, or a new one from Odoo's current data.
    Resend(resend::Args),
    /// Record whether an effect with unknown outcome took place: a call to Odoo, or a sent file.
    Resolve(resolve::Args),
    /// Restore a backup into a workspace that has no journal.
    Restore(restore::Args),
    /// Let paused flows receive again.
    Resume(pause::ResumeArgs),
    /// Run the flows: by schedule until stopped, or once.
    Run(run::Args),
    /// Add third-party schemas to the workspace.
    Schemas(schemas::Args),
    /// Show everything about one message.
    Show(show::Args),
    /// Show every flow: its next run and message counts.
    Status(status::Args),
    /// Test every flow: compare the output of each sample with the recorded output.
    Test(test::Args),
    /// Accept a partner's SFTP host key.
    Trust(trust::Args),
    /// Manage the users of the web page.
    User(user::Args),
    /// Validate files against an XSD, or as a flow would.
    Validate(validate::Args),
    /// Serve only the web page; `consign run` may be running or not.
    Web(web::Args),
}

/// Exit code of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// No problems.
    Fine = 0,
    /// The data or the configuration has problems.
    Problems = 1,
    /// The command could not do its work.
    Unable = 2,
}

impl Exit {
    /// The exit code for problems: 1 if documents or configuration are wrong, 2 if a service or our own state is.
    pub(crate) fn of(problems: &[Problem]) -> Self {
        // A file that the partner does not collect is not our failure.
        let unable = |problem: &Problem| {
            let theirs = matches!(problem.code.area(), Area::Configuration | Area::Document | Area::Data) && problem.code != Code::MayLand;
            !theirs && problem.code != Code::NotCollected
        };
        match problems {
            [] => Self::Fine,
            all if all.iter().any(unable) => Self::Unable,
            _ => Self::Problems,
        }
    }
}

/// What every command gets.
pub(crate) struct Context {
    workspace: PathBuf,
    out: Output,
}

impl Context {
    fn load(&self) -> Result<Workspace, Problems> {
        endpoint::load(&self.workspace)
    }

    /// The workspace with the flows that load, and the problems of the others.
    fn load_whole_flows(&self) -> Result<(Workspace, Vec<Problem>), Problems> {
        endpoint::load_whole_flows(&self.workspace)
    }

    /// An error if the workspace does not have this flow.
    fn known_flow(&self, workspace: &Workspace, flow: Option<&String>) -> Result<(), Problems> {
        match flow.filter(|flow| !workspace.flows.contains_key(*flow)) {
            None => Ok(()),
            Some(unknown) => Err(unknown_flow(workspace, unknown).into()),
        }
    }

    async fn engine(&self) -> Result<Engine, Problems> {
        Engine::open(Arc::new(self.load()?)).await.map_err(Problems::from)
    }
}

/// The problem for a flow that the workspace does not have.
fn unknown_flow(workspace: &Workspace, name: &str) -> Problem {
    let names: Vec<&str> = workspace.flows.keys().map(String::as_str).collect();
    let hint = did_you_mean(name, names.iter().copied()).unwrap_or_else(|| format!("flows: {}", names.join(", ")).into());
    Problem::new(Code::FlowUnknown, format!("there is no flow `{name}`")).hint(hint)
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    open_files::raise();
    let mut cli = Cli::parse();
    if let (true, Some(folder)) = (cli.workspace.as_os_str() == ".", std::env::var_os("CONSIGN_WORKSPACE")) {
        cli.workspace = folder.into();
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("consign cannot start its runtime ({})", crate::model::problem::reason(&error));
            return ExitCode::from(Exit::Unable as u8);
        }
    };
    let context = Context { workspace: cli.workspace, out: Output { json: cli.json } };
    let result = runtime.block_on(dispatch(&context, cli.verb));
    let exit = result.unwrap_or_else(|problems| {
        context.out.problems(&problems);
        Exit::of(&problems)
    });
    // Threads that wait for a lost server must not block the exit.
    runtime.shutdown_background();
    ExitCode::from(exit as u8)
}

async fn dispatch(context: &Context, verb: Verb) -> Result<Exit, Problems> {
    match verb {
        Verb::Alerts(args) => alerts::run(context, &args).await,
        Verb::Answer(args) => answer::run(context, &args).await,
        Verb::Audit(args) => audit::run(context, &args).await,
        Verb::Backup(args) => backup::run(context, &args).await,
        Verb::Check(args) => check::run(context, &args),
        Verb::Demo(args) => demo::run(context, &args).await,
        Verb::Discard(args) => discard::run(context, &args).await,
        Verb::Doctor(args) => doctor::run(context, &args).await,
        Verb::Drops(args) => drops::run(context, &args).await,
        Verb::Edit(args) => edit::run(context, &args).await,
        Verb::Errors(args) => errors::run(context, &args).await,
        Verb::Explain(args) => explain::run(context, &args),
        Verb::Find(args) => find::run(context, &args).await,
        Verb::Hold(args) => hold::run(context, &args).await,
        Verb::Init(args) => init::run(context, &args).await,
        Verb::Keep(args) => keep::run(context, &args).await,
        Verb::Library(args) => library::run(context, &args),
        Verb::Log(args) => log::run(context, &args).await,
        Verb::Migrate(args) => migrate::run(context, &args),
        Verb::New(args) => new::run(context, &args),
        Verb::Odoo(args) => odoo::run(context, &args).await,
        Verb::Pause(args) => pause::run(context, &args).await,
        Verb::Plan(args) => plan::run(context, &args).await,
        Verb::Release(args) => release::run(context, &args).await,
        Verb::ReplayCheck(args) => replay_check::run(context, &args).await,
        Verb::Reprocess(args) => reprocess::run(context, &args).await,
        Verb::Resend(args) => resend::run(context, &args).await,
        Verb::Resolve(args) => resolve::run(context, &args).await,
        Verb::Restore(args) => restore::run(context, &args).await,
        Verb::Resume(args) => pause::resume(context, &args).await,
        Verb::Run(args) => run::run(context, &args).await,
        Verb::Schemas(args) => schemas::run(context, &args),
        Verb::Show(args) => show::run(context, &args).await,
        Verb::Status(args) => status::run(context, &args).await,
        Verb::Test(args) => test::run(context, &args),
        Verb::Trust(args) => trust::run(context, &args).await,
        Verb::User(args) => user::run(context, &args).await,
        Verb::Validate(args) => validate::run(context, &args),
        Verb::Web(args) => web::run(context, &args).await,
    }
}
