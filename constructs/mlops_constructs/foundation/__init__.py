"""What every stage has before a model: keys, buckets, the topic of alarms, release records."""
