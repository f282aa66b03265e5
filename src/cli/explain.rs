//! `consign explain CODE`: what a problem code means.

use serde_json::json;

use super::{Context, Exit, output};
use crate::model::{
    Problem, Problems,
    codes::{self, Code},
    problem::Retry,
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// The code, such as C412; without it all codes are listed.
    code: Option<String>,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let entry =
        |info: &codes::CodeInfo| json!({"code": info.code, "title": info.title, "who": info.who, "retry": info.retry, "text": info.text});
    let Some(text) = &args.code else {
        context.out.data(&codes::ALL.iter().map(entry).collect::<Vec<_>>());
        let rows: Vec<Vec<String>> =
            codes::ALL.iter().map(|info| vec![info.code.to_string(), info.who.as_str().to_string(), info.title.to_string()]).collect();
        context.out.line(output::table(&["code", "who", "what"], &rows));
        return Ok(Exit::Fine);
    };
    let Some(code) = Code::find(text) else {
        return Err(vec![Problem::new(codes::USAGE, format!("there is no code `{text}`")).hint("`consign explain` lists all codes")]);
    };
    let info = code.info();
    context.out.data(&entry(info));
    context.out.line(format!("{}: {}\n\n{}\n", info.code, info.title, info.text));
    context.out.line(format!("who acts: {}", info.who.as_str()));
    context.out.line(match info.retry {
        Retry::Later => "it is tried again by itself",
        Retry::Never => "trying again gives the same; mend it, then reprocess",
    });
    Ok(Exit::Fine)
}
