package dev.sandkeeper.testkit;

import dev.sandkeeper.Failure;
import dev.sandkeeper.FileAccessException;
import dev.sandkeeper.FileInfo;
import dev.sandkeeper.spi.BackendFiles;
import dev.sandkeeper.spi.FileState;
import dev.sandkeeper.spi.SandboxBackend;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/** Broken ways to work on files. */
final class FileMutants {
    private FileMutants() {}

    static SandboxBackend writesInPlace(SandboxBackend sound) {
        return MutantParts.files(sound, files -> new MutantParts.Files(files) {
            @Override
            public void write(String path, InputStream content, int mode) {
                delegate.write(path, new ByteArrayInputStream(new byte[0]), mode);
                delegate.append(path, content);
            }
        });
    }

    static SandboxBackend leavesItsTemporaryFile(SandboxBackend sound) {
        return MutantParts.files(sound, files -> new MutantParts.Files(files) {
            @Override
            public void write(String path, InputStream content, int mode) {
                delegate.append(path + ".tmp", content);
                delegate.move(path + ".tmp", path);
                if (mode >= 0) {
                    delegate.setMode(path, mode);
                }
            }
        });
    }

    static SandboxBackend forgetsTheModeOfTheFileItReplaces(SandboxBackend sound) {
        return MutantParts.files(sound, files -> new MutantParts.Files(files) {
            @Override
            public void write(String path, InputStream content, int mode) {
                delegate.write(path, content, mode < 0 ? 0644 : mode);
            }
        });
    }

    static SandboxBackend takesDotsAwayByLookingAtTheText(SandboxBackend sound) {
        return MutantParts.files(sound, files -> new MutantParts.Files(files) {
            @Override
            public InputStream read(String path) {
                Deque<String> names = new ArrayDeque<>();
                for (String name : path.split("/", -1)) {
                    if (name.equals("..")) {
                        names.pollLast();
                    } else if (!name.isEmpty() && !name.equals(".")) {
                        names.add(name);
                    }
                }
                return delegate.read("/" + String.join("/", names));
            }
        });
    }

    static SandboxBackend removeFollowsLinks(SandboxBackend sound) {
        return MutantParts.files(sound, files -> new MutantParts.Files(files) {
            @Override
            public void remove(String path, boolean recursive) {
                if (recursive && delegate.stat(path).type() != FileInfo.Type.FILE) {
                    empty(delegate, path);
                }
                delegate.remove(path, recursive);
            }
        });
    }

    private static void empty(BackendFiles files, String path) {
        for (FileInfo entry : entries(files, path)) {
            if (entry.type() != FileInfo.Type.FILE) {
                empty(files, entry.path());
            }
            files.remove(entry.path(), true);
        }
    }

    private static List<FileInfo> entries(BackendFiles files, String path) {
        try {
            return files.list(path, 1000);
        } catch (FileAccessException e) {
            return List.of();
        }
    }

    static SandboxBackend splitsNamesAtNewlines(SandboxBackend sound) {
        return MutantParts.files(sound, files -> new MutantParts.Files(files) {
            @Override
            public List<FileInfo> list(String path, int limit) {
                return delegate.list(path, limit).stream()
                        .flatMap(entry -> Arrays.stream(entry.path().split("\n", -1))
                                .map(part -> new FileInfo(
                                        part, entry.type(), entry.size(), entry.mode(), entry.modifiedAt())))
                        .toList();
            }
        });
    }

    static SandboxBackend losesBytesOfNamesThatAreNotUtf8(SandboxBackend sound) {
        return MutantParts.files(sound, files -> new MutantParts.Files(files) {
            @Override
            public void write(String path, InputStream content, int mode) {
                delegate.write(
                        new String(path.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8), content, mode);
            }
        });
    }

    static SandboxBackend hasOneCodeForEverything(SandboxBackend sound) {
        return MutantParts.files(sound, files -> new MutantParts.Files(files) {
            @Override
            public InputStream read(String path) {
                try {
                    return delegate.read(path);
                } catch (FileAccessException e) {
                    throw new FileAccessException(Failure.of("file_access_failed", "something is wrong"));
                }
            }
        });
    }

    static SandboxBackend movesIntoDirectories(SandboxBackend sound) {
        return MutantParts.files(sound, files -> new MutantParts.Files(files) {
            @Override
            public void move(String from, String to) {
                try {
                    delegate.list(to, 1);
                } catch (FileAccessException e) {
                    delegate.move(from, to);
                    return;
                }
                delegate.move(from, to + from.substring(from.lastIndexOf('/')));
            }
        });
    }

    static SandboxBackend statFollowsLinks(SandboxBackend sound) {
        return MutantParts.files(sound, files -> new MutantParts.Files(files) {
            @Override
            public FileInfo stat(String path) {
                FileInfo info = delegate.stat(path);
                FileInfo.Type type = info.type() == FileInfo.Type.SYMBOLIC_LINK ? FileInfo.Type.FILE : info.type();
                return new FileInfo(info.path(), type, info.size(), info.mode(), info.modifiedAt());
            }
        });
    }

    static SandboxBackend cutsLargeContent(SandboxBackend sound) {
        return MutantParts.files(sound, files -> new MutantParts.Files(files) {
            @Override
            public InputStream read(String path) {
                try (InputStream all = delegate.read(path)) {
                    return new ByteArrayInputStream(all.readNBytes(16 << 20));
                } catch (IOException e) {
                    throw new FileAccessException(
                            Failure.of("file_access_failed", "read").cause(e));
                }
            }
        });
    }

    static SandboxBackend unpacksWithoutModes(SandboxBackend sound) {
        return MutantParts.files(sound, files -> new MutantParts.Files(files) {
            @Override
            public void unpack(String path, InputStream tar) {
                delegate.unpack(path, tar);
                strip(path);
            }

            private void strip(String path) {
                for (FileInfo entry : entries(delegate, path)) {
                    if (entry.type() == FileInfo.Type.DIRECTORY) {
                        strip(entry.path());
                    } else if (entry.type() == FileInfo.Type.FILE) {
                        delegate.setMode(entry.path(), 0644);
                    }
                }
            }
        });
    }

    static SandboxBackend scansNothingBelow(SandboxBackend sound) {
        return MutantParts.files(sound, files -> new MutantParts.Files(files) {
            @Override
            public List<FileState> scan(String directory, boolean recursive, int limit) {
                return delegate.scan(directory, false, limit);
            }
        });
    }

    static SandboxBackend scansNamesOnly(SandboxBackend sound) {
        return MutantParts.files(sound, files -> new MutantParts.Files(files) {
            @Override
            public List<FileState> scan(String directory, boolean recursive, int limit) {
                return delegate.scan(directory, recursive, limit).stream()
                        .map(state -> new FileState(state.path(), state.type(), ""))
                        .toList();
            }
        });
    }

    static SandboxBackend scansAPartForTheWhole(SandboxBackend sound) {
        return MutantParts.files(sound, files -> new MutantParts.Files(files) {
            @Override
            public List<FileState> scan(String directory, boolean recursive, int limit) {
                return delegate.scan(directory, recursive, 100_000).stream()
                        .limit(limit)
                        .toList();
            }
        });
    }

    static SandboxBackend scansWhatLinksLeadTo(SandboxBackend sound) {
        return MutantParts.files(sound, files -> new MutantParts.Files(files) {
            @Override
            public List<FileState> scan(String directory, boolean recursive, int limit) {
                List<FileState> states = new ArrayList<>(delegate.scan(directory, recursive, limit));
                for (FileState state : List.copyOf(states)) {
                    if (recursive && state.type() == FileInfo.Type.SYMBOLIC_LINK) {
                        entries(delegate, state.path())
                                .forEach(entry -> states.add(new FileState(entry.path(), entry.type(), "")));
                    }
                }
                return states;
            }
        });
    }
}
