/** The frame of the OpenAPI document; its substance comes from the routes. */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { Build } from './build.ts';
import { nameComponents } from './openapi-components.ts';

export function openApiOptions({ version }: Pick<Build, 'version'>): FastifyDynamicSwaggerOptions {
  return {
    // Our paths are as they are; taking a base away from them reads the server's address as an absolute one.
    stripBasePath: false,
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'SkyOps',
        version,
        description:
          'The exemplary operations microservice for Kubernetes: it behaves well, produces exactly the load that you ask for, and proves what it delivered.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      // Nobody is asked for a credential yet.
      security: [],
      // Relative to the document (OpenAPI 3.1, section 4.8.5): the same behind a gateway that takes a prefix away.
      servers: [{ url: '.', description: 'This replica.' }],
      tags: [
        { name: 'service', description: 'What this is.' },
        { name: 'probes', description: 'For the kubelet and load balancers.' },
        { name: 'observing', description: 'What it uses and does.' },
        { name: 'simulations', description: 'Load on request: bounded, listed, cancellable, reported.' },
        { name: 'documentation', description: 'This document and its pages.' },
      ],
    },
    // Every field has a default, so the body may be left out; @fastify/swagger calls every body required.
    transformObject: (document) => {
      if (!('openapiObject' in document)) return document.swaggerObject;
      for (const path of Object.values(document.openapiObject.paths ?? {})) {
        const body = path?.post?.requestBody;
        if (body !== undefined && 'required' in body) body.required = false;
      }
      nameComponents(document.openapiObject);
      return document.openapiObject;
    },
    refResolver: {
      buildLocalReference: (schema, _base, _fragment, index) => String(schema['$id'] ?? `schema-${index}`),
    },
  };
}
