//! When what is struck: a pure function of the seed and the length, so that a seed replays it.

use std::fmt;
use std::time::Duration;

use crate::random::Random;

/// The stream of numbers that schedules use.
const USER: u64 = 1;

/// The named places in the server, in the order in which they are armed. Where a place exists on
/// one database only, the second field says which.
pub(crate) const POINTS: [(&str, Option<&str>); 11] = [
    ("claimed", None),
    ("sent", None),
    ("created", None),
    ("submitted", None),
    ("ended", None),
    ("settled", None),
    ("read", None),
    ("group", Some("sqlite")),
    ("group committed", Some("sqlite")),
    ("alone", Some("postgres")),
    ("alone committed", Some("postgres")),
];

/// What is struck.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Strike {
    /// The server, by SIGKILL; and once more during recovery, at so many of a hundred parts of the
    /// time that a start takes, if there is a number.
    Kill(Option<u32>),
    /// PostgreSQL, by an immediate stop; it is started again after a pause.
    StopDatabase(Duration),
    /// The server dies by itself at the named place when it comes by for the so-manieth time.
    Point(&'static str, u64),
    /// The disk is full for a while.
    FillDisk(Duration),
    /// Every fsync fails for a while.
    FailFsync(Duration),
}

/// A strike and its moment after the start of the load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) at: Duration,
    pub(crate) strike: Strike,
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:>7.2}s ", self.at.as_secs_f64())?;
        match &self.strike {
            Strike::Kill(None) => formatter.write_str("kill -9"),
            Strike::Kill(Some(percent)) => write!(formatter, "kill -9, and again at {percent} % of the start"),
            Strike::StopDatabase(pause) => {
                write!(formatter, "immediate stop of PostgreSQL for {} ms", pause.as_millis())
            }
            Strike::Point(name, count) => write!(formatter, "dies at \"{name}\", pass {count}"),
            Strike::FillDisk(length) => write!(formatter, "disk full for {} ms", length.as_millis()),
            Strike::FailFsync(length) => write!(formatter, "fsync fails for {} ms", length.as_millis()),
        }
    }
}

/// What a schedule is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wishes {
    pub(crate) seed: u64,
    pub(crate) length: Duration,
    pub(crate) kills: u64,
    pub(crate) is_postgres: bool,
    pub(crate) points: bool,
    pub(crate) full_disk: bool,
    pub(crate) fsync: bool,
}

/// How many strikes of which kind: as planned, or as carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Kills at a random moment under load.
    pub(crate) kills: usize,
    /// Kills of a server that had not come up yet.
    pub(crate) recovery_kills: usize,
    /// Places at which the server died.
    pub(crate) points: usize,
    /// Immediate stops of PostgreSQL.
    pub(crate) database_stops: usize,
    /// Full disks and failing fsyncs.
    pub(crate) disk_faults: usize,
}

/// What a schedule plans.
pub(crate) fn planned(schedule: &[Moment]) -> Tally {
    let mut tally = Tally::default();
    for moment in schedule {
        match moment.strike {
            Strike::Kill(again) => {
                tally.kills += 1;
                tally.recovery_kills += usize::from(again.is_some());
            }
            Strike::StopDatabase(_) => tally.database_stops += 1,
            Strike::Point(..) => tally.points += 1,
            Strike::FillDisk(_) | Strike::FailFsync(_) => tally.disk_faults += 1,
        }
    }
    tally
}

/// The strikes in order. Kills are spread over the load; every third comes twice, the second time
/// during recovery. On PostgreSQL there is a stop of the database for every fourth kill, at least one.
pub(crate) fn draw(wishes: Wishes) -> Vec<Moment> {
    let mut random = Random::new(wishes.seed, USER);
    let mut strikes = Vec::new();
    for number in 0..wishes.kills {
        let again = number % 3 == 1;
        let percent = u32::try_from(2 + random.below(90)).unwrap_or(50);
        strikes.push(Strike::Kill(again.then_some(percent)));
        if wishes.is_postgres && number % 4 == 0 {
            let pause = random.between(Duration::from_millis(100), Duration::from_millis(2500));
            strikes.push(Strike::StopDatabase(pause));
        }
    }
    let blackout = Duration::from_secs(4);
    strikes.extend(wishes.full_disk.then_some(Strike::FillDisk(blackout)));
    strikes.extend(wishes.fsync.then_some(Strike::FailFsync(blackout)));
    if wishes.points {
        let database = if wishes.is_postgres { "postgres" } else { "sqlite" };
        let here = POINTS.iter().filter(|(_, only)| only.is_none_or(|only| only == database));
        strikes.extend(here.map(|(name, _)| Strike::Point(name, 1 + random.below(4))));
    }
    let places = u32::try_from(strikes.len()).unwrap_or(u32::MAX).max(1);
    let share = wishes.length / places;
    let moment = |(number, strike): (usize, Strike)| {
        let begin = share * u32::try_from(number).unwrap_or(0);
        Moment { at: begin + random.between(share / 5, share), strike }
    };
    strikes.into_iter().enumerate().map(moment).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_replays_its_schedule() {
        let wishes = |seed| Wishes {
            seed,
            length: Duration::from_secs(60),
            kills: 9,
            is_postgres: true,
            points: true,
            full_disk: false,
            fsync: false,
        };
        let drawn = draw(wishes(4));
        assert_eq!(drawn, draw(wishes(4)));
        assert_ne!(drawn, draw(wishes(5)));
        assert!(drawn.is_sorted_by_key(|moment| moment.at));
        let tally = Tally { kills: 9, recovery_kills: 3, points: 9, database_stops: 3, disk_faults: 0 };
        assert_eq!(planned(&drawn), tally);
        assert!(drawn.iter().all(|moment| moment.at < Duration::from_secs(60)));
    }
}
