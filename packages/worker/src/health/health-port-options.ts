/** Where a worker serves its health. */
export interface HealthPortOptions {
  /** The number of the port: 1 to 65535; 0 takes any free port. */
  readonly port: number;
  /**
   * The address to listen on. Default `'0.0.0.0'`: a kubelet and Prometheus ask from outside.
   */
  readonly host?: string | undefined;
}

/** The default of {@link HealthPortOptions.host}. */
export const DEFAULT_HEALTH_HOST = '0.0.0.0';
