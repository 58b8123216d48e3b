declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** An in-memory DynamoDB that speaks the real one's HTTP protocol. */
  function dynalite(options?: {
    createTableMs?: number;
    deleteTableMs?: number;
    updateTableMs?: number;
  }): Server;
  export = dynalite;
}
