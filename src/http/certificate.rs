//! Why a server's certificate was refused, in words.

use std::{error::Error, io};

use rustls::{CertificateError, Error as Tls};

/// Why a server's certificate was refused, as a part of a sentence; `None` for any other error.
pub fn refused(error: &(dyn Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<Tls>() {
            return words(tls);
        }
        // A system error may hold another one, without naming it as its source.
        let carried = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match carried {
            Some(carried) => Some(carried),
            None => error.source(),
        };
    }
    None
}

fn words(error: &Tls) -> Option<String> {
    let Tls::InvalidCertificate(why) = error else { return None };
    Some(match why {
        CertificateError::Expired => "it has expired".into(),
        CertificateError::ExpiredContext { not_after, .. } => format!("it expired on {}", day(not_after.as_secs())),
        CertificateError::NotValidYet => "it is not valid yet; is this machine's clock right?".into(),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("it is valid from {} on; is this machine's clock right?", day(not_before.as_secs()))
        }
        CertificateError::UnknownIssuer => "this machine does not trust who issued it; add the issuer's certificate to the system's".into(),
        CertificateError::NotValidForName => "it is for another host name".into(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names: Vec<String> = presented.iter().take(5).map(|name| name_in(name)).collect();
            format!("it is for {}, not for {}", if names.is_empty() { "no name".into() } else { names.join(", ") }, expected.to_str())
        }
        CertificateError::Revoked => "it was revoked".into(),
        CertificateError::BadSignature => "its signature is wrong".into(),
        // webpki's word for the result of `openssl req -x509`: an authority that shows its own certificate.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "it is self-signed, which this machine does not trust; get an issued one, or add its issuer to the system's".into()
        }
        _ => "it is invalid".into(),
    })
}

fn day(seconds: u64) -> String {
    let at = i64::try_from(seconds).ok().and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0));
    at.map_or_else(|| "a day unknown".into(), |at| at.format("%Y-%m-%d").to_string())
}

/// `DnsName("example.com")` without what surrounds it.
fn name_in(presented: &str) -> String {
    presented.split('"').nth(1).unwrap_or(presented).to_string()
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::{ServerName, UnixTime};

    use super::*;

    #[test]
    fn what_is_wrong_with_a_certificate_is_said_wherever_the_error_carries_it() {
        let at = |days: u64| UnixTime::since_unix_epoch(std::time::Duration::from_secs(days * 86400));
        let expected = ServerName::try_from("odoo.example").expect("a name");
        let cases = [
            (CertificateError::ExpiredContext { time: at(20_000), not_after: at(19_000) }, "it expired on 2022-01-08"),
            (CertificateError::NotValidYetContext { time: at(19_000), not_before: at(20_000) }, "it is valid from 2024-10-04 on"),
            (CertificateError::UnknownIssuer, "does not trust who issued it"),
            (
                CertificateError::NotValidForNameContext { expected, presented: vec!["DnsName(\"shop.example\")".into()] },
                "it is for shop.example, not for odoo.example",
            ),
        ];
        for (error, reported) in cases {
            let carried = io::Error::other(io::Error::other(Tls::InvalidCertificate(error)));
            let words = refused(&carried).expect("a certificate");
            assert!(words.contains(reported), "{words}");
        }
        assert_eq!(refused(&io::Error::other(Tls::DecryptError)), None);
        assert_eq!(refused(&io::Error::other("the network is down")), None);
    }
}
