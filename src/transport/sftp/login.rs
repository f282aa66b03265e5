//! Login (RFC 4252): agent, key, password, and the password as the answer to a question. A server that requires several proofs
//! (OpenSSH's `AuthenticationMethods`) answers with a partial success, and gets the next one.

use std::sync::Arc;

use russh::{
    MethodKind,
    client::{AuthResult, Handle, Handler, KeyboardInteractiveAuthResponse as Response},
    keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg, agent::client::AgentClient, load_secret_key},
};

use super::settings::{Agent, KeyFile, SftpSettings};
use crate::model::{Code, Problem};

/// Maximum number of questions answered with the password before we assume that the server refuses it.
const QUESTIONS: usize = 5;

/// Logs in; `false` if the server accepts nothing that we have.
pub(super) async fn log_in<H: Handler>(ssh: &mut Handle<H>, settings: &SftpSettings) -> Result<bool, Problem> {
    let SftpSettings { login, user, .. } = settings;
    if let Some(agent) = &login.agent
        && with_agent(ssh, settings, agent).await?
    {
        return Ok(true);
    }
    if let Some(key) = &login.key {
        let key = Arc::new(load(key)?);
        for hash in hashes(ssh, &key, settings).await? {
            let proof = PrivateKeyWithHashAlg::new(Arc::clone(&key), hash);
            let answer = ssh.authenticate_publickey(user, proof).await.map_err(|_| broken(settings))?;
            if answer.success() {
                return Ok(true);
            }
            if is_partial(&answer) {
                break;
            }
        }
    }
    let Some(password) = &login.password else { return Ok(false) };
    let answer = ssh.authenticate_password(user, password.expose()).await.map_err(|_| broken(settings))?;
    match answer {
        AuthResult::Success => Ok(true),
        AuthResult::Failure { remaining_methods, .. } if remaining_methods.contains(&MethodKind::KeyboardInteractive) => {
            answered(ssh, settings, password.expose()).await
        }
        AuthResult::Failure { .. } => Ok(false),
    }
}

fn broken(settings: &SftpSettings) -> Problem {
    Problem::new(Code::DropUnreachable, format!("{}:{} broke the connection during the login", settings.host, settings.port))
}

fn is_partial(answer: &AuthResult) -> bool {
    matches!(answer, AuthResult::Failure { partial_success: true, .. })
}

fn load(key: &KeyFile) -> Result<PrivateKey, Problem> {
    let KeyFile { file, passphrase } = key;
    if !file.exists() {
        return Err(Problem::new(Code::ConfigSecret, format!("there is no private key {}", file.display())));
    }
    load_secret_key(file, passphrase.as_ref().map(super::settings::Secret::expose)).map_err(|_| {
        Problem::new(Code::ConfigSecret, format!("the private key {} cannot be read", file.display()))
            .hint("is it readable by this user, in OpenSSH or PEM form, and the passphrase right?")
    })
}

/// Hashes to sign with. By default an RSA key would be signed with SHA-1, which servers refuse. A server that does not say what it
/// accepts (RFC 8308) gets the secure ones, and SHA-1 only if the partner's file allows it.
async fn hashes<H: Handler>(ssh: &Handle<H>, key: &PrivateKey, settings: &SftpSettings) -> Result<Vec<Option<HashAlg>>, Problem> {
    if !key.algorithm().is_rsa() {
        return Ok(vec![None]);
    }
    let reported = ssh.best_supported_rsa_hash().await.map_err(|_| broken(settings))?;
    let mut hashes = match reported {
        Some(Some(hash)) => vec![Some(hash)],
        Some(None) => Vec::new(),
        None => vec![Some(HashAlg::Sha512), Some(HashAlg::Sha256)],
    };
    hashes.extend(settings.legacy.iter().any(|name| name == "ssh-rsa").then_some(None));
    Ok(hashes)
}

async fn with_agent<H: Handler>(ssh: &mut Handle<H>, settings: &SftpSettings, agent: &Agent) -> Result<bool, Problem> {
    let unusable = |why: &str| {
        Problem::new(Code::ConfigSecret, format!("the SSH agent {why}"))
            .hint("is SSH_AUTH_SOCK (or `agent_socket`) right for this process, and a key added?")
    };
    let connected = match agent {
        Agent::Usual => AgentClient::connect_env().await,
        Agent::At(socket) => AgentClient::connect_uds(socket).await,
    };
    let mut agent = connected.map_err(|_| unusable("cannot be reached"))?;
    let identities = agent.request_identities().await.map_err(|_| unusable("does not list its keys"))?;
    if identities.is_empty() {
        return Err(unusable("has no key"));
    }
    for identity in identities {
        let key = identity.public_key().into_owned();
        let hash = if key.algorithm().is_rsa() {
            ssh.best_supported_rsa_hash().await.map_err(|_| broken(settings))?.unwrap_or(Some(HashAlg::Sha512))
        } else {
            None
        };
        // An agent that refuses to sign with one key may sign with the next.
        match ssh.authenticate_publickey_with(&settings.user, key, hash, &mut agent).await {
            Ok(answer) if answer.success() => return Ok(true),
            Ok(answer) if is_partial(&answer) => return Ok(false),
            _ => {}
        }
    }
    Ok(false)
}

/// Servers that accept a password only as the answer to a question (RFC 4256).
async fn answered<H: Handler>(ssh: &mut Handle<H>, settings: &SftpSettings, password: &str) -> Result<bool, Problem> {
    let start = ssh.authenticate_keyboard_interactive_start(&settings.user, None::<String>).await;
    let mut response = start.map_err(|_| broken(settings))?;
    for _ in 0..QUESTIONS {
        match response {
            Response::Success => return Ok(true),
            Response::Failure { .. } => return Ok(false),
            Response::InfoRequest { prompts, .. } => {
                let answers = prompts.iter().map(|_| password.to_string()).collect();
                let next = ssh.authenticate_keyboard_interactive_respond(answers).await;
                response = next.map_err(|_| broken(settings))?;
            }
        }
    }
    Ok(false)
}
