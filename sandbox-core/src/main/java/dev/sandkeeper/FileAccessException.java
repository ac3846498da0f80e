package dev.sandkeeper;

/**
 * A file operation inside the sandbox failed: {@code file_not_found}, {@code file_exists}, {@code not_a_directory},
 * {@code is_a_directory}, {@code permission_denied}, {@code disk_full}, {@code directory_not_empty}, {@code
 * file_too_large}, {@code too_many_entries}, {@code host_file_failed} for a fault of the host's own files, or {@code
 * file_access_failed}.
 */
public final class FileAccessException extends SandboxException {
    private static final long serialVersionUID = 1L;

    /**
     * Reports the fault.
     *
     * @param failure what it says
     */
    public FileAccessException(Failure failure) {
        super(failure);
    }

    /**
     * {@inheritDoc}
     *
     * @return false. The message names the path.
     */
    @Override
    public boolean retryable() {
        return false;
    }
}
