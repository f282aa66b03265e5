//! `consign user`: manages the users of the web page.

use std::io::Read as _;

use super::{Context, Exit, selection_args::By};
use crate::{
    journal::{AuditEntry, User},
    model::{Code, Problem, Problems},
    ops::users::{Role, checked_name, hash, is_simple, known, random},
};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Add a user, or change the role and password of one.
    Add {
        /// User name.
        name: String,
        /// viewer: read only; operator: also acts on messages; admin: also manages users.
        #[arg(long, default_value = "viewer")]
        role: String,
        /// Read the password from standard input; by default one is generated and shown once.
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        by: By,
    },
    /// List the users.
    List,
    /// Remove a user and end their sessions.
    Remove {
        /// User name.
        name: String,
        #[command(flatten)]
        by: By,
    },
}

/// Random bytes of a generated password.
const MADE: usize = 12;

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let engine = context.engine().await?;
    let journal = engine.journal();
    let now = engine.clock().now();
    match &args.what {
        What::Add { name, role, password_stdin, by } => {
            let name = spelled(&journal.users().await?, name)?;
            let entry = AuditEntry { detail: Some(format!("{name} ({role})")), ..by.entry("set user") };
            let (user, made) = user(&name, role, *password_stdin)?;
            journal.set_user(&user, &entry, now).await?;
            context.out.data(&serde_json::json!({ "name": name, "role": role, "password": made }));
            context.out.line(format!("{name} may sign in as {role}"));
            if let Some(password) = made {
                context.out.line(format!("password: {password}   (shown once; they can change it on the page)"));
            }
        }
        What::List => {
            let users = journal.users().await?;
            context.out.data(&users);
            if users.is_empty() {
                context.out.line("no users; to add one: consign user add NAME --role admin");
            }
            users.iter().for_each(|user| context.out.line(format!("{:9} {}", user.role, user.name)));
        }
        What::Remove { name, by } => {
            let users = journal.users().await?;
            let name = known(&users, name).map_or(name.as_str(), |user| user.name.as_str());
            let entry = AuditEntry { detail: Some(name.to_string()), ..by.entry("remove user") };
            if !journal.remove_user(name, &entry, now).await? {
                return Err(Problems::from(Problem::new(Code::Usage, format!("there is no user `{name}`"))));
            }
            context.out.line(format!("removed {name}"));
        }
    }
    journal.close().await;
    Ok(Exit::Fine)
}

/// The name to store: that of an existing user, whose letters may differ in case.
fn spelled(users: &[User], name: &str) -> Result<String, Problem> {
    known(users, name).map_or_else(|| checked_name(name), |user| Ok(user.name.clone()))
}

/// A generated password that does not contain the name.
fn made_up(name: &str) -> Result<String, Problem> {
    loop {
        let password = random(MADE)?;
        if !is_simple(&password, name) {
            return Ok(password);
        }
    }
}

/// A new user, with the password if it was generated.
fn user(name: &str, role: &str, typed: bool) -> Result<(User, Option<String>), Problem> {
    let role = Role::parse(role)
        .ok_or_else(|| Problem::new(Code::Usage, format!("there is no role `{role}`")).hint("use viewer, operator or admin"))?;
    let (password, made) = match typed {
        false => (made_up(name)?, true),
        true => {
            let mut text = String::new();
            let read = std::io::stdin().take(10_000).read_to_string(&mut text);
            read.map_err(|_| Problem::new(Code::Usage, "the password on standard input is not text"))?;
            (text.trim_end_matches(['\r', '\n']).to_string(), false)
        }
    };
    let user = User { name: name.to_string(), role: role.as_str().to_string(), hash: hash(&password, name)? };
    Ok((user, made.then_some(password)))
}
