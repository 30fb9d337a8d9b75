import { ActionIcon, AppShell, Burger, Group, Kbd, Tooltip, UnstyledButton, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useDisclosure, useHotkeys, useMediaQuery } from '@mantine/hooks';
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { type ComponentType, useEffect } from 'react';
import { useConnection } from '../api/live';
import { ChatList } from '../chat/ChatList';
import { strings } from '../strings';
import { IconBench, IconChat, IconInfo, IconModels, IconMoon, IconRuntimes, IconSearch, IconServer, IconSun, IconWorkers } from './icons';
import { Logo } from './Logo';
import { openPalette, Palette } from './Palette';

const text = strings.shell;

export const pages: { to: string; label: string; icon: ComponentType<{ size?: number }> }[] = [
  { to: '/', label: text.chat, icon: IconChat },
  { to: '/models', label: text.models, icon: IconModels },
  { to: '/runtimes', label: text.runtimes, icon: IconRuntimes },
  { to: '/workers', label: text.workers, icon: IconWorkers },
  { to: '/server', label: text.server, icon: IconServer },
  { to: '/benchmark', label: text.benchmark, icon: IconBench },
  { to: '/about', label: text.about, icon: IconInfo },
];

export function Shell() {
  const [opened, { toggle, close }] = useDisclosure(false);
  const narrow = useMediaQuery('(max-width: 768px)', undefined, { getInitialValueInEffect: false });
  const { pathname } = useLocation();
  useEffect(close, [pathname, close]);
  const navigate = useNavigate();
  useHotkeys([['mod+K', openPalette], ['mod+shift+R', () => void navigate({ to: '/runtimes' })]], []);
  return (
    <>
      <a href="#content" className="skip-link">{text.skip}</a>
      <AppShell
        header={narrow ? { height: 48 } : undefined}
        navbar={{ width: 264, breakpoint: 768, collapsed: { mobile: !opened } }}
        transitionDuration={0}
      >
        {narrow && (
          <AppShell.Header className="nav" px="sm">
            <Group h="100%" gap="xs">
              <Burger opened={opened} onClick={toggle} size="sm" aria-label={text.menu} />
              <Brand />
            </Group>
          </AppShell.Header>
        )}
        <AppShell.Navbar className="nav" p="sm" aria-label={text.navigation}>
          {!narrow && <Group justify="space-between" mb="sm" px={6}><Brand /><Appearance /></Group>}
          <PaletteButton />
          <nav aria-label={text.navigation}>
            {pages.map(({ to, label, icon: Icon }) => (
              <Link key={to} to={to} className="nav-link" data-active={isActive(to, pathname) || undefined} aria-current={isActive(to, pathname) ? 'page' : undefined}>
                <Icon />{label}
              </Link>
            ))}
          </nav>
          <ChatList />
          {narrow && <Group justify="flex-end"><Appearance /></Group>}
        </AppShell.Navbar>
        <AppShell.Main component="div" h="100dvh" id="content" tabIndex={-1}>
          <ConnectionBanner />
          <Outlet />
        </AppShell.Main>
      </AppShell>
      <Palette />
    </>
  );
}

function isActive(to: string, pathname: string): boolean {
  return to === '/' ? pathname === '/' || pathname.startsWith('/chats/') : pathname === to;
}

function Brand() {
  return <Link to="/" className="brand"><Logo />{strings.app}</Link>;
}

function PaletteButton() {
  return (
    <UnstyledButton className="nav-link" onClick={openPalette} mb={4}>
      <IconSearch />
      <span>{text.paletteHint}</span>
      <Kbd size="xs" ml="auto">{/Mac/.test(navigator.platform) ? '⌘ K' : 'Ctrl K'}</Kbd>
    </UnstyledButton>
  );
}

function Appearance() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const next = scheme === 'dark' ? 'light' : 'dark';
  return (
    <Tooltip label={text[next]}>
      <ActionIcon variant="subtle" color="gray" onClick={() => setColorScheme(next)} aria-label={text[next]}>
        {scheme === 'dark' ? <IconSun /> : <IconMoon />}
      </ActionIcon>
    </Tooltip>
  );
}

function ConnectionBanner() {
  return useConnection() === 'lost' ? <div className="banner" role="status"><b>{text.lost}</b> {text.lostHelp}</div> : null;
}
