import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';

/**
 * What a browser may do with our pages: nothing that comes from elsewhere, nothing that was written
 * into a page, no frame around it.
 */
export async function addSecurityHeaders(app: FastifyInstance, isStatic: (url: string) => boolean): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        // Bull Board's components carry their own styles.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    // With `no-referrer` a browser would send `Origin: null` with our own forms.
    referrerPolicy: { policy: 'same-origin' },
    frameguard: { action: 'deny' },
    // Whether the outside is HTTPS is known, and to be said, by the proxy that makes it so.
    strictTransportSecurity: false,
  });
  app.addHook('onSend', async (request, reply) => {
    if (!isStatic(request.url)) reply.header('cache-control', 'no-store');
  });
}
