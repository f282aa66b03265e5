//! `consign explain CODE`: explains a problem code.

use serde_json::json;

use super::{Context, Exit, output};
use crate::model::{
    Code, Problem, Problems,
    codes::{CodeInfo, Reaction},
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Code, such as C412; without it all codes are listed.
    code: Option<String>,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let entry = |info: &CodeInfo| json!({"code": info.code, "title": info.title, "owner": info.who, "scope": info.scope, "reaction": info.reaction, "text": info.text});
    let Some(text) = &args.code else {
        context.out.data(&Code::all().map(entry).collect::<Vec<_>>());
        let rows: Vec<Vec<String>> =
            Code::all().map(|info| vec![info.code.to_string(), info.who.as_str().to_string(), info.title.to_string()]).collect();
        context.out.line(output::table(&["code", "owner", "title"], &rows));
        return Ok(Exit::Fine);
    };
    let Some(code) = Code::find(text) else {
        return Err(Problem::new(Code::Usage, format!("there is no code `{text}`")).hint("`consign explain` lists all codes").into());
    };
    let info = code.info();
    context.out.data(&entry(info));
    context.out.line(format!("{}: {}\n\n{}\n", info.code, info.title, info.text));
    context.out.line(format!("owner: {}", info.who.as_str()));
    context.out.line(match info.reaction {
        Reaction::Wait | Reaction::Stop => "consign retries it automatically",
        Reaction::Fail => "a retry does not help: fix the cause, then reprocess",
        Reaction::Hold => "the message is held until a person decides",
        Reaction::Leave => "nothing is undone or repeated",
    });
    Ok(Exit::Fine)
}
