"""The tables of the catalogue, as the steps that led to them; a catalogue of any step is brought up to the last.

A step, once released, is never edited; what it got wrong is put right by the next one.
"""

APPLICATION_ID = 0x76786C63  # "vxlc": what SQLite's header says of a file of ours

ENTRIES = (
    """
    CREATE TABLE entry (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        source_sha256 TEXT NOT NULL,
        source_name TEXT NOT NULL,
        source_path TEXT,
        duration_seconds REAL NOT NULL,
        model_name TEXT NOT NULL,
        model_fingerprint TEXT NOT NULL,
        settings TEXT NOT NULL,
        ratio REAL NOT NULL,
        num_bytes INTEGER NOT NULL DEFAULT 0,
        num_rows INTEGER NOT NULL DEFAULT 0,
        num_intervals INTEGER NOT NULL DEFAULT 0,
        num_frames INTEGER NOT NULL DEFAULT 0,
        state TEXT NOT NULL CHECK (state IN ('queued', 'ready', 'failed')),
        why TEXT NOT NULL DEFAULT '',
        created_at REAL NOT NULL,
        watched_at REAL,
        asked_at REAL,
        removed_at REAL
    )
    """,
    """
    CREATE TABLE job (
        entry_id TEXT PRIMARY KEY REFERENCES entry (id) ON DELETE CASCADE,
        queued_at REAL NOT NULL,
        worker TEXT NOT NULL DEFAULT '',
        token TEXT NOT NULL DEFAULT '',
        lease_until REAL NOT NULL DEFAULT 0,
        num_deaths INTEGER NOT NULL DEFAULT 0,
        num_frames INTEGER NOT NULL DEFAULT 0,
        most_frames INTEGER NOT NULL DEFAULT 0,
        total_frames INTEGER NOT NULL DEFAULT 0,
        frames_per_second REAL NOT NULL DEFAULT 0,
        seconds_left REAL
    )
    """,
    """
    CREATE TABLE question (
        id INTEGER PRIMARY KEY,
        entry_id TEXT NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
        text TEXT NOT NULL,
        answer TEXT NOT NULL,
        asked_at REAL NOT NULL
    )
    """,
    "CREATE INDEX question_of_entry ON question (entry_id)",
    "CREATE INDEX entry_by_age ON entry (created_at, id)",
)

INTERVALS = (
    "ALTER TABLE entry ADD COLUMN base_id TEXT",
    """
    CREATE TABLE interval (
        entry_id TEXT NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        start_seconds REAL NOT NULL,
        stop_seconds REAL NOT NULL,
        num_rows INTEGER NOT NULL,
        num_tokens INTEGER NOT NULL,
        ratio INTEGER NOT NULL,
        source INTEGER NOT NULL,
        vectors BLOB,
        PRIMARY KEY (entry_id, number)
    ) WITHOUT ROWID
    """,
)

REMOVED = ("CREATE INDEX removed_entry ON entry (removed_at) WHERE removed_at IS NOT NULL",)

MIGRATIONS = (ENTRIES, INTERVALS, REMOVED)
VERSION = len(MIGRATIONS)
