//! `consign trust PARTNER --fingerprint SHA256:…`: accepts an SFTP host key whose fingerprint came from the partner.

use super::{Context, Exit};
use crate::{
    model::{Code, Problem, Problems, nearest::did_you_mean},
    transport::sftp::{connect, host_keys},
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Name of the partner.
    partner: String,
    /// Fingerprint of the key, as given by the partner: SHA256:…
    #[arg(long)]
    fingerprint: String,
    /// Accept the key of the jump host, not of the partner's server.
    #[arg(long)]
    jump: bool,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<Exit, Problems> {
    let workspace = context.load()?;
    let Some(partner) = workspace.partners.get(&args.partner) else {
        let names = workspace.partners.keys().map(String::as_str);
        return Err(Problems::from(
            Problem::new(Code::ConfigUnknownName, format!("there is no partner `{}`", args.partner))
                .maybe_hint(did_you_mean(&args.partner, names)),
        ));
    };
    let settings = if args.jump {
        let settings = partner.drop.address(&workspace.root)?;
        let none = || Problem::new(Code::Usage, format!("the drop of {} has no `jump` host", args.partner));
        *settings.jump.ok_or_else(|| Problems::from(none()))?
    } else {
        partner.drop.way(&workspace.root)?
    };
    let key = connect::host_key(&settings, &args.fingerprint).await?;
    if host_keys::fingerprint(&key) != args.fingerprint {
        // The server shows the known key, but another one was asked for.
        return Err(Problems::from(Problem::new(
            Code::DropHostChanged,
            format!("the server has the key {}, not {}", host_keys::fingerprint(&key), args.fingerprint),
        )));
    }
    if host_keys::judge(&settings.host, settings.port, &key, &settings.known_hosts) == host_keys::HostKeyVerdict::Changed {
        host_keys::forget(&settings.host, settings.port, &settings.known_hosts)?;
    }
    if host_keys::judge(&settings.host, settings.port, &key, &settings.known_hosts) == host_keys::HostKeyVerdict::Unknown {
        host_keys::accept(&settings.host, settings.port, &key, &settings.known_hosts)?;
    }
    if host_keys::judge(&settings.host, settings.port, &key, &settings.known_hosts) != host_keys::HostKeyVerdict::Known {
        let message = format!("cannot add the key to {}", settings.known_hosts.display());
        return Err(Problems::from(Problem::new(Code::ConfigUnreadable, message).hint("remove the old lines of this host from the file")));
    }
    context.out.data(&serde_json::json!({ "partner": args.partner, "fingerprint": args.fingerprint, "known_hosts": settings.known_hosts }));
    context.out.line(format!("accepted the host key of {}:{}; saved in {}", settings.host, settings.port, settings.known_hosts.display()));
    Ok(Exit::Fine)
}
