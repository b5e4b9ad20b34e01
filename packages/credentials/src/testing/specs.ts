import { checkRoute } from '../routes/check-route.ts';
import { type RouteSpec, routeSpec } from '../routes/route-spec.ts';

/** A route for tests, parsed; what is not said is a bearer route for api.example.com. */
export function specOf(written: object = {}, isDefault = false): RouteSpec {
  const plain = {
    name: 'api',
    from: { env: 'TOKEN' },
    inject: { type: 'bearer' },
    hosts: ['api.example.com'],
  };
  return routeSpec(checkRoute({ ...plain, ...written }, 'test'), 'test', isDefault);
}
