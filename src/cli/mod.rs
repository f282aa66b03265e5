//! Floor 8: the command line. One file a verb; adding one is a file here and its module, its variant and its arm below.

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
    /// Folder of the workspace; the environment variable CONSIGN_WORKSPACE names another default.
    #[arg(short, long, global = true, default_value = ".")]
    workspace: PathBuf,
    /// Print data as JSON.
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
    /// Who did what, and why.
    Audit(audit::Args),
    /// Journal, originals and the workspace's files as one file, while consign runs.
    Backup(backup::Args),
    /// Check the whole workspace, offline: paths, fields, templates, schedules.
    Check(check::Args),
    /// See it work in a minute: embedded SFTP server and Odoo, all flows, good and bad files.
    Demo(demo::Args),
    /// End messages: nothing more is done with them.
    Discard(discard::Args),
    /// Try everything live: drops, folders, rights, Odoo's login, version, models.
    Doctor(doctor::Args),
    /// Each drop as it is now: what lies there, what is held and why, what could not be moved.
    Drops(drops::Args),
    /// An edited copy of a message, processed in its place.
    Edit(edit::Args),
    /// What failed, waits or is held, and who must act.
    Errors(errors::Args),
    /// What a problem code means.
    Explain(explain::Args),
    /// The messages of a file name, an order number, a GTIN, a record of Odoo's.
    Find(find::Args),
    /// Hold messages back until they are released.
    Hold(hold::Args),
    /// Make a workspace with the sample flows.
    Init(init::Args),
    /// Roll old days of the archive into zips, and forget what is older than [keep] says.
    Keep(keep::Args),
    /// Flows that are ready: UBL, openTRANS, camt, a warehouse's.
    Library(library::Args),
    /// Messages, newest first.
    Log(log::Args),
    /// Write the new names of renamed keys into the workspace's files.
    Migrate(migrate::Args),
    /// Generate a starter flow from a schema and a sample.
    New(new::Args),
    /// The real Odoo, for working offline: a snapshot of its models and fields.
    Odoo(odoo::Args),
    /// Pause flows: they receive nothing new, and finish what they have.
    Pause(pause::Args),
    /// What a file would do to Odoo; nothing is sent.
    Plan(plan::Args),
    /// Let messages that are held go on.
    Release(release::Args),
    /// Re-run the current mapping over processed files and show what would change.
    ReplayCheck(replay_check::Args),
    /// Process messages again from their originals.
    Reprocess(reprocess::Args),
    /// Send documents again: the same file, or made anew.
    Resend(resend::Args),
    /// Decide whether an effect took place of which consign cannot know: a call to Odoo, the sending of a file.
    Resolve(resolve::Args),
    /// Bring a backup back to a workspace that has no journal.
    Restore(restore::Args),
    /// Let paused flows receive again.
    Resume(pause::ResumeArgs),
    /// Run the flows: by schedule until stopped, or once.
    Run(run::Args),
    /// Add third-party schemas to the workspace.
    Schemas(schemas::Args),
    /// Everything about one message.
    Show(show::Args),
    /// Every flow: when it runs, what it did.
    Status(status::Args),
    /// Hold every sample against what was recorded for it.
    Test(test::Args),
    /// Accept a partner's SFTP host key.
    Trust(trust::Args),
    /// Who may sign in to the web page.
    User(user::Args),
    /// Validate files against an XSD, or as a flow would.
    Validate(validate::Args),
    /// The web page by itself, beside a consign that runs or without one.
    Web(web::Args),
}

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Fine.
    Fine = 0,
    /// The data or the configuration has problems.
    Problems = 1,
    /// It could not do its work.
    Unable = 2,
}

impl Exit {
    /// The exit code that problems call for: 1 where documents or configuration are wrong, 2 where a service or our own state is.
    pub(crate) fn of(problems: &[Problem]) -> Self {
        // A file that the partner does not collect is its business and not a failure of ours.
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

/// What every verb gets.
pub(crate) struct Context {
    workspace: PathBuf,
    out: Output,
}

impl Context {
    fn load(&self) -> Result<Workspace, Problems> {
        endpoint::load(&self.workspace)
    }

    /// The workspace with the flows that are whole, and what is wrong with the others.
    fn load_whole_flows(&self) -> Result<(Workspace, Vec<Problem>), Problems> {
        endpoint::load_whole_flows(&self.workspace)
    }

    /// Refuses the name of a flow that the workspace does not have.
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
    // Threads that wait for a lost server must not keep the command from ending.
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
