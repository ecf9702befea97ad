/** Workflow types in memory. Definitions go through JSON, as on Redis. */
import { type Definition, limits, type WorkflowStore, type WorkflowType, workflowType } from '@baton/core';

export function createMemoryTypes(): Pick<WorkflowStore, 'register' | 'findType' | 'types' | 'limitType' | 'typeLimits'> {
  const registered = new Map<string, Map<number, WorkflowType>>();
  const activeMaxOf = new Map<string, number>();
  return {
    async limitType(name, activeMax) {
      if (activeMax === null) activeMaxOf.delete(name);
      else activeMaxOf.set(name, activeMax);
    },
    async typeLimits() {
      return new Map(activeMaxOf);
    },
    async register(type) {
      const versions = registered.get(type.name) ?? new Map<number, WorkflowType>();
      const existing = versions.get(type.version);
      if (existing !== undefined) return existing.hash === type.hash ? 'existing' : 'conflict';
      if (versions.size === 0 && registered.size >= limits.typesMax) return 'full';
      if (versions.size >= limits.versionsPerTypeMax) {
        const lowest = Math.min(...versions.keys());
        if (type.version < lowest) return 'full';
        versions.delete(lowest);
      }
      versions.set(type.version, workflowType(JSON.parse(JSON.stringify(type.definition)) as Definition));
      registered.set(type.name, versions);
      return 'registered';
    },
    async findType(name, version) {
      const versions = registered.get(name) ?? new Map<number, WorkflowType>();
      return versions.get(version === 'latest' ? Math.max(...versions.keys()) : version) ?? null;
    },
    async types() {
      return [...registered.keys()]
        .toSorted()
        .map((name) => ({ name, versions: [...(registered.get(name)?.keys() ?? [])].toSorted((one, other) => one - other) }));
    },
  };
}
