import Testing

/// Real processes, killed and starved for as long as it takes to believe that a run survives it.
///
/// One after another: each test measures what others would disturb, and the machine is busy enough with one.
@Suite(.serialized) struct CrashTests {}
