/** The words of which orders are made. */

/** Shops whose endpoints accept events. */
export const SHOPS = [
  'blue-door-books',
  'fjord-outdoor',
  'kiosk-17',
  'lantern-tea',
  'mill-street-bakery',
  'nordlicht-fahrrad',
  'old-town-records',
  'petite-papeterie',
  'quarry-climbing',
  'sol-y-sombra',
  'studio-ceramics',
  'workbench-tools',
] as const;

/** Given names, each with its form in an email address. */
export const GIVEN_NAMES = [
  ['Aisha', 'aisha'],
  ['Anaïs', 'anais'],
  ['Björn', 'bjorn'],
  ['Carmen', 'carmen'],
  ['Daniel', 'daniel'],
  ['Elif', 'elif'],
  ['François', 'francois'],
  ['Grace', 'grace'],
  ['Hiroshi', 'hiroshi'],
  ['Ingrid', 'ingrid'],
  ['João', 'joao'],
  ['Katarzyna', 'katarzyna'],
  ['Liam', 'liam'],
  ['Łukasz', 'lukasz'],
  ['Maeve', 'maeve'],
  ['Nikos', 'nikos'],
  ['Olga', 'olga'],
  ['Priya', 'priya'],
  ['Søren', 'soren'],
  ['Zoë', 'zoe'],
] as const;

/** Family names, each with its form in an email address. */
export const FAMILY_NAMES = [
  ['Andersson', 'andersson'],
  ['Brontë', 'bronte'],
  ['Çelik', 'celik'],
  ['Dvořák', 'dvorak'],
  ['Fernández', 'fernandez'],
  ['García López', 'garcialopez'],
  ['Haddad', 'haddad'],
  ['Ibrahim', 'ibrahim'],
  ['Jørgensen', 'jorgensen'],
  ['Kowalska', 'kowalska'],
  ['Müller', 'mueller'],
  ['Nguyễn', 'nguyen'],
  ["O'Brien", 'obrien'],
  ['Papadopoulos', 'papadopoulos'],
  ['Ramanathan', 'ramanathan'],
  ['Sørensen', 'sorensen'],
  ['Tanaka', 'tanaka'],
  ['van der Berg', 'vanderberg'],
  ['Wójcik', 'wojcik'],
  ['Young', 'young'],
] as const;

/** Customers whose names are in other scripts, each with the form in an email address. */
export const OTHER_SCRIPTS = [
  ['佐藤 花子', 'hanako.sato'],
  ['Анна Иванова', 'anna.ivanova'],
  ['Ελένη Παππά', 'eleni.pappa'],
  ['李娜', 'na.li'],
  ['محمد علي', 'mohamed.ali'],
] as const;

/** Products, each with its price in hundredths. */
export const PRODUCTS = [
  ['Espresso cups, set of 6', 3890],
  ['Sencha, 100 g', 1240],
  ['Notebook A5, dotted', 1450],
  ['Chalk bag', 2195],
  ['Sourdough starter kit', 1999],
  ['Bicycle bell, brass', 1780],
  ['"Kind of Blue", LP', 2890],
  ['Field guide to mosses', 3200],
  ['Wood plane, no. 4', 12900],
  ['Rain jacket, size M', 15995],
  ['Fountain pen, fine nib', 4650],
  ['Enamel mug', 995],
] as const;

/** Currencies; some are more frequent. */
export const CURRENCIES = ['EUR', 'EUR', 'EUR', 'USD', 'GBP', 'CHF', 'SEK', 'PLN'] as const;

/** Notes that some customers write. */
export const NOTES = [
  'Please ring twice',
  'Gift wrap, no invoice in the box',
  'Leave it with the neighbour, 3rd floor',
  'Card: "Alles Gute, Oma!"',
  'Livrer après 18 h, merci',
] as const;
