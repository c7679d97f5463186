import { ProjectsAndKeys1795219200000 } from './1795219200000-projects-and-keys';
import { Events1795219260000 } from './1795219260000-events';
import { EmbeddedLog1795219320000 } from './1795219320000-embedded-log';
import { DoorsAndKeys1795305600000 } from './1795305600000-doors-and-keys';
import { Statistics1795392000000 } from './1795392000000-statistics';
import { ListIndexes1795392060000 } from './1795392060000-list-indexes';
import { ColdSegments1795478400000 } from './1795478400000-cold-segments';
import { Erasures1795478520000 } from './1795478520000-erasures';
import { ColdRewrites1795478640000 } from './1795478640000-cold-rewrites';
import { ErasurePlaces1795478700000 } from './1795478700000-erasure-places';

/** Every migration, oldest first. A list and not a folder to scan, so that the same one runs from source and from dist. */
export const migrations = [
  ProjectsAndKeys1795219200000,
  Events1795219260000,
  EmbeddedLog1795219320000,
  DoorsAndKeys1795305600000,
  Statistics1795392000000,
  ListIndexes1795392060000,
  ColdSegments1795478400000,
  Erasures1795478520000,
  ColdRewrites1795478640000,
  ErasurePlaces1795478700000,
];
