//! `consign library`: lists the ready-made flows, or adds one to the workspace.

use std::{fs, path::Path};

use clap::Subcommand;
use serde_json::json;

use super::{Context, Exit, library_files::FILES, output};
use crate::model::{Code, Problem, Problems, i18n::Text, nearest::did_you_mean, problem::reason};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    /// Copy a flow with its mapping or template, code tables and samples into the workspace; it stays disabled.
    Add {
        /// Name of the flow, as `consign library` lists it.
        flow: String,
        /// Partner of the flow.
        #[arg(long)]
        partner: String,
        /// Overwrite files of the same names in the workspace.
        #[arg(long)]
        replace: bool,
    },
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    match &args.verb {
        None => list(context),
        Some(Verb::Add { flow, partner, replace }) => add(context, flow, partner, *replace)?,
    }
    Ok(Exit::Fine)
}

/// The flows: name, description and text of the file.
fn flows() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    FILES.iter().filter_map(|(path, text)| {
        let name = path.strip_prefix("flows/")?.strip_suffix(".toml")?;
        let text = std::str::from_utf8(text).ok()?;
        Some((name, value(text, "about").unwrap_or_default(), text))
    })
}

/// The value of a key at the top of a shipped file.
fn value<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let line = text.lines().find(|line| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('=')))?;
    line.split('"').nth(1)
}

fn list(context: &Context) {
    let all: Vec<(&str, &str)> = flows().map(|(name, about, _)| (name, about)).collect();
    context.out.data(&all.iter().map(|(name, about)| json!({"flow": name, "about": about})).collect::<Vec<_>>());
    let rows: Vec<Vec<String>> = all.iter().map(|(name, about)| vec![(*name).to_string(), (*about).to_string()]).collect();
    context.out.line(output::table(&["flow", "description"], &rows));
    context.out.line("\nconsign library add FLOW --partner PARTNER copies one into the workspace");
}

fn add(context: &Context, flow: &str, partner: &str, replace: bool) -> Result<(), Problems> {
    let workspace = context.load()?;
    let reported = |text: String, hint: Option<Text>| Problems::from(Problem::new(Code::Usage, text).maybe_hint(hint));
    let Some((name, _, text)) = flows().find(|(name, ..)| *name == flow) else {
        return Err(reported(format!("the library has no flow `{flow}`"), did_you_mean(flow, flows().map(|(name, ..)| name))));
    };
    if !workspace.partners.contains_key(partner) {
        let hint = did_you_mean(partner, workspace.partners.keys().map(String::as_str));
        return Err(reported(
            format!("there is no partner `{partner}`"),
            hint.or_else(|| Some("create a file for it in partners/".into())),
        ));
    }
    let mut wanted: Vec<String> = ["mapping", "template"].iter().filter_map(|key| value(text, key)).map(str::to_string).collect();
    let samples = format!("samples/{name}/");
    wanted.extend(FILES.iter().map(|(path, _)| (*path).to_string()).filter(|path| path.starts_with(&samples)));
    let uses_table = |path: &str| {
        let table = path.trim_start_matches("tables/").trim_end_matches(".csv");
        wanted.iter().filter_map(|file| content(file)).any(|text| text.contains(&format!("table = \"{table}\"")))
    };
    let tables: Vec<String> =
        FILES.iter().map(|(path, _)| *path).filter(|path| path.starts_with("tables/") && uses_table(path)).map(str::to_string).collect();
    wanted.extend(tables);
    let own = format!("flows/{name}.toml");
    let target = workspace.root.join(&own);
    if target.exists() && !replace {
        return Err(reported(format!("the workspace already has a flow `{name}`"), Some("to overwrite it: --replace".into())));
    }
    let mut written = vec![own];
    let changed = text.lines().map(|line| match line.strip_prefix("partner ").or(line.strip_prefix("partner=")) {
        Some(_) => format!("{}= \"{partner}\"", line.split('=').next().unwrap_or("partner ")),
        None => line.to_string(),
    });
    write(&target, (changed.collect::<Vec<_>>().join("\n") + "\n").as_bytes())?;
    for file in wanted {
        let path = workspace.root.join(&file);
        // A file that differs was changed in the workspace.
        let bytes = FILES.iter().find(|(path, _)| *path == file).map_or(&[][..], |(_, bytes)| *bytes);
        if !replace && fs::read(&path).is_ok_and(|there| there != bytes) {
            context.out.line(format!("kept {file}: the workspace has a different one (to overwrite it: --replace)"));
            continue;
        }
        write(&path, bytes)?;
        written.push(file);
    }
    context.out.data(&json!({ "files": written }));
    written.iter().for_each(|file| context.out.line(file));
    if let Some(from) = value(text, "schema_from") {
        context.out.line(format!("its schemas are not included: download them from {from}; see docs/library.md"));
    }
    context.out.line("the flow is disabled: review it, then run consign check and consign test");
    Ok(())
}

fn content(file: &str) -> Option<&'static str> {
    let (_, bytes) = FILES.iter().find(|(path, _)| *path == file)?;
    std::str::from_utf8(bytes).ok()
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Problems> {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, bytes));
    written.map_err(|error| Problems::from(Problem::new(Code::Usage, format!("cannot write {} ({})", path.display(), reason(&error)))))
}
