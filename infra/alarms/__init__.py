"""The alarms: what may go wrong and who must speak (truth.toml), the watchdog's rounds as the stack emitted them (record), and
CloudWatch's judgement (judge)."""
