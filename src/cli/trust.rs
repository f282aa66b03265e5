//! `consign trust PARTNER --fingerprint SHA256:…`: accept an SFTP host key that was compared with the partner.

use super::{Context, Exit};
use crate::{
    model::{Code, Problem, Problems, nearest::did_you_mean},
    transport::sftp::{connect, host_keys},
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Partner.
    partner: String,
    /// Fingerprint of the key, as the partner gave it: SHA256:…
    #[arg(long)]
    fingerprint: String,
    /// The key of the host that the partner's server is reached through.
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
        let none = || Problem::new(Code::Usage, format!("the drop of {} is reached directly: it has no `jump`", args.partner));
        *settings.jump.ok_or_else(|| Problems::from(none()))?
    } else {
        partner.drop.way(&workspace.root)?
    };
    let key = connect::host_key(&settings, &args.fingerprint).await?;
    if host_keys::fingerprint(&key) != args.fingerprint {
        // The key on file was shown; the one that was asked for is another.
        return Err(Problems::from(Problem::new(
            Code::DropHostChanged,
            format!("the server shows {}, not {}", host_keys::fingerprint(&key), args.fingerprint),
        )));
    }
    if host_keys::judge(&settings.host, settings.port, &key, &settings.known_hosts) == host_keys::HostKeyVerdict::Changed {
        host_keys::forget(&settings.host, settings.port, &settings.known_hosts)?;
    }
    if host_keys::judge(&settings.host, settings.port, &key, &settings.known_hosts) == host_keys::HostKeyVerdict::Unknown {
        host_keys::accept(&settings.host, settings.port, &key, &settings.known_hosts)?;
    }
    if host_keys::judge(&settings.host, settings.port, &key, &settings.known_hosts) != host_keys::HostKeyVerdict::Known {
        let message = format!("the key could not be put into {}", settings.known_hosts.display());
        return Err(Problems::from(Problem::new(Code::ConfigUnreadable, message).hint("remove the host's old lines from it by hand")));
    }
    context.out.data(&serde_json::json!({ "partner": args.partner, "fingerprint": args.fingerprint, "known_hosts": settings.known_hosts }));
    context.out.line(format!("the host key of {}:{} is accepted in {}", settings.host, settings.port, settings.known_hosts.display()));
    Ok(Exit::Fine)
}
