/** One in-memory DuckDB with the sales of one workflow. Once they are loaded it can reach nothing outside: no files, no network, no extensions. */
import { DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import { z } from 'zod';
import { loadSales } from './kpi-query.ts';

export interface SalesDatabase extends Disposable {
  /** The rows, checked; one after the other, and aborted with the signal. */
  rows<Row extends z.ZodType>(sql: string, values: Readonly<Record<string, DuckDBValue>>, row: Row): Promise<z.output<Row>[]>;
}

export class AnalyticsError extends Error {
  readonly code = 'ANALYTICS_FAILED';
}

const settings = { threads: '2', memory_limit: '1GB', autoinstall_known_extensions: 'false', autoload_known_extensions: 'false' };

export async function openSalesDatabase(path: string, signal: AbortSignal): Promise<SalesDatabase> {
  const instance = await DuckDBInstance.create(':memory:', settings);
  const connection = await instance.connect();
  const interrupt = (): void => connection.interrupt();
  signal.addEventListener('abort', interrupt);
  const close = (): void => {
    signal.removeEventListener('abort', interrupt);
    connection.closeSync();
    instance.closeSync();
  };
  const ask = async <T>(work: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (cause) {
      signal.throwIfAborted();
      throw new AnalyticsError(`DuckDB could not answer: ${(cause as Error).message}`, { cause });
    }
  };
  try {
    await ask(() => connection.run(loadSales, { path: literalPath(path) }));
    await ask(() => connection.run('set enable_external_access = false; set lock_configuration = true'));
  } catch (error) {
    close();
    throw error;
  }
  return {
    rows: async (sql, values, row) => z.array(row).parse((await ask(() => connection.runAndReadAll(sql, values))).getRowObjectsJS()),
    [Symbol.dispose]: close,
  };
}

/** read_json takes a pattern: what means something in one is put into brackets. */
function literalPath(path: string): string {
  return path.replace(/[[*?]/g, '[$&]');
}
