// A sample whose last lines say what is expected of it.
import type { A } from './a';
import legacy = require('legacy');

export interface Shape<T = { a: 1 }> {
  area(): number;
}
export type Point = { x: number; y: number };
export enum Colour { Red = 'r', Green = 'g' }
declare module 'virtual' {
  export function hidden(): void;
}
namespace Tools {
  export const limit: number = 3;
}
@decorate({ a: 1 })
export abstract class Box<T extends Shape> implements Shape {
  private items: Map<string, T> = new Map();
  abstract open(): void;
  constructor(private readonly name: string) {
    if (name) { this.items.clear(); }
  }
  public async find<K>(key: K): Promise<T | undefined> {
    return undefined;
  }
}
export const make = async <T,>(x: T): Promise<{ x: T }> => {
  return { x };
};
// expect: import ./a 2
// expect: import legacy 3
// expect: interface Shape 5-7 signature 5
// expect: type Point 8-8
// expect: enum Colour 9-9
// expect: module virtual 10-12
// expect: function virtual.hidden 11-11
// expect: module Tools 13-15
// expect: constant Tools.limit 14-14
// expect: class Box 17-26
// expect: method Box.open 19-19
// expect: method Box.constructor 20-22
// expect: method Box.find 23-25
// expect: function make 27-29
