import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { ChatPage } from './chat/ChatPage';
import { NotFound } from './shell/NotFound';
import { Shell } from './shell/Shell';

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const home = createRoute({ getParentRoute: () => root, path: '/', component: ChatPage });
const chat = createRoute({ getParentRoute: () => root, path: '/chats/$id', component: ChatPage });

// Everything but the chat comes when it is asked for.
const pages = [
  createRoute({ getParentRoute: () => root, path: '/models', component: lazyRouteComponent(() => import('./models/ModelsPage'), 'ModelsPage') }),
  createRoute({ getParentRoute: () => root, path: '/runtimes', component: lazyRouteComponent(() => import('./ops/RuntimesPage'), 'RuntimesPage') }),
  createRoute({ getParentRoute: () => root, path: '/workers', component: lazyRouteComponent(() => import('./ops/WorkersPage'), 'WorkersPage') }),
  createRoute({ getParentRoute: () => root, path: '/server', component: lazyRouteComponent(() => import('./ops/ServerPage'), 'ServerPage') }),
  createRoute({ getParentRoute: () => root, path: '/benchmark', component: lazyRouteComponent(() => import('./ops/BenchmarkPage'), 'BenchmarkPage') }),
  createRoute({ getParentRoute: () => root, path: '/about', component: lazyRouteComponent(() => import('./about/AboutPage'), 'AboutPage') }),
] as const;

export function createAppRouter() {
  return createRouter({ routeTree: root.addChildren([home, chat, ...pages]), defaultPreload: 'intent' });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
