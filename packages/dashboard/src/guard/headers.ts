import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';

/**
 * Adds the security headers. A browser then loads nothing from other hosts, runs no script that was
 * written into a page, and shows no page in a frame.
 */
export async function addSecurityHeaders(app: FastifyInstance, isStatic: (url: string) => boolean): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        // Bull Board's components have inline styles.
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
    // With `no-referrer`, browsers would send `Origin: null` with our own forms.
    referrerPolicy: { policy: 'same-origin' },
    frameguard: { action: 'deny' },
    // Only the proxy in front of us knows whether people use HTTPS, so it sends this header.
    strictTransportSecurity: false,
  });
  app.addHook('onSend', async (request, reply) => {
    if (!isStatic(request.url)) reply.header('cache-control', 'no-store');
  });
}
