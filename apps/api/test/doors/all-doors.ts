import { cloudEventsDoors } from './cloud-events-doors';
import type { Door, HttpMessage } from './door';
import { grpcDoor } from './grpc-doors';
import { nativeDoors } from './native-doors';
import { segmentDoors } from './segment-doors';

/** Every way in. */
export const allDoors: readonly Door[] = [...nativeDoors, ...cloudEventsDoors, ...segmentDoors, grpcDoor];

const path = '/api/v1/events';
const inHeaders = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s', 'ce-type': 't' };

/** A request without its body, for each form in which JSON comes over HTTP. */
export const jsonForms: readonly (readonly [about: string, head: Omit<HttpMessage, 'body'>])[] = [
  ['a native body', { path, headers: { 'Content-Type': 'application/json' } }],
  ['the data of a CloudEvent', { path, headers: { ...inHeaders, 'Content-Type': 'application/json' } }],
  ['a CloudEvent', { path, headers: { 'Content-Type': 'application/cloudevents+json' } }],
  ['a batch of CloudEvents', { path, headers: { 'Content-Type': 'application/cloudevents-batch+json' } }],
  ['a message of Segment', { path: '/v1/track', headers: { 'Content-Type': 'text/plain' } }],
  ['a batch of Segment', { path: '/v1/batch', headers: { 'Content-Type': 'application/json' } }],
];
