"""The one background thread: the job queue, watched folders, schedules; knows nothing of Qt."""
