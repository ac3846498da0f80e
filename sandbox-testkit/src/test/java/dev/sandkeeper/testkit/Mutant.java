package dev.sandkeeper.testkit;

import dev.sandkeeper.spi.SandboxBackend;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;

/** The in-memory backend, broken in one way each, and the tests of the contract that must notice. */
record Mutant(String name, BiFunction<InMemoryProvider, SandboxBackend, SandboxBackend> spoil, List<String> caughtBy) {
    static List<Mutant> all() {
        return List.of(
                mutant(
                        "SNAPSHOTS_SHARE_THE_SANDBOX",
                        LifecycleMutants::snapshotsShareTheSandbox,
                        "createsASandboxThatHasTheFilesOfTheSnapshotAndNothingLater",
                        "leavesWhatRunsAloneAndStartsTheSnapshotsSandboxesWithoutIt"),
                mutant(
                        "SNAPSHOTS_ARE_EMPTY",
                        LifecycleMutants::snapshotsAreEmpty,
                        "createsASandboxThatHasTheFilesOfTheSnapshotAndNothingLater"),
                mutant(
                        "SNAPSHOTS_END_WITH_THEIR_SANDBOX",
                        LifecycleMutants::snapshotsEndWithTheirSandbox,
                        "keepsSnapshotsOfItsDeploymentUntilTheyAreDeleted"),
                mutant(
                        "SNAPSHOTS_REPLACE_ONES_OF_THEIR_NAME",
                        LifecycleMutants::snapshotsReplaceOnesOfTheirName,
                        "refusesASnapshotOfABadNameOfAUsedOneAndOfASandboxThatIsGone"),
                mutant(
                        "SNAPSHOT_ENDS_WHAT_RUNS",
                        LifecycleMutants::snapshotEndsWhatRuns,
                        "leavesWhatRunsAloneAndStartsTheSnapshotsSandboxesWithoutIt"),
                mutant(
                        "DELETES_SNAPSHOTS_OF_OTHER_DEPLOYMENTS",
                        LifecycleMutants::deletesSnapshotsOfOtherDeployments,
                        "keepsSnapshotsOfItsDeploymentUntilTheyAreDeleted"),
                mutant(
                        "DESTROY_DOES_NOTHING",
                        LifecycleMutants::destroyDoesNothing,
                        "destroysCompletelyAndAnyNumberOfTimes"),
                mutant(
                        "TERMINATE_ASKS_NOBODY",
                        LifecycleMutants::terminateAsksNobody,
                        "letsEveryCommandEndByItselfAndKeepsTheSandbox",
                        "commandsWithADeadlineAndHaltedOnesEndToo"),
                mutant(
                        "TERMINATE_KILLS",
                        LifecycleMutants::terminateKills,
                        "letsEveryCommandEndByItselfAndKeepsTheSandbox",
                        "waitsForTheGraceAndLeavesWhatDoesNotEndToTheDestruction"),
                mutant(
                        "DESTROY_FAILS_ON_NOT_FOUND",
                        LifecycleMutants::destroyFailsOnNotFound,
                        "destroysCompletelyAndAnyNumberOfTimes"),
                mutant(
                        "LIST_FORGETS_HALF_MADE",
                        LifecycleMutants::listForgetsHalfMade,
                        "findsListsAndDestroysWhatIsHalfMade"),
                shared(
                        "LIST_SHOWS_OTHER_DEPLOYMENTS",
                        LifecycleMutants::listShowsOtherDeployments,
                        "listsIdAndTimeOfCreationOfItsDeploymentOnly"),
                mutant(
                        "LIST_IS_CUT_AND_CLAIMS_TO_BE_COMPLETE",
                        LifecycleMutants::listIsCutAndClaimsToBeComplete,
                        "listsIdAndTimeOfCreationOfItsDeploymentOnly",
                        "createsManyAtTheSameTime"),
                mutant(
                        "LOSES_THE_TIME_OF_CREATION",
                        LifecycleMutants::losesTheTimeOfCreation,
                        "listsIdAndTimeOfCreationOfItsDeploymentOnly",
                        "findsListsAndDestroysWhatIsHalfMade"),
                shared(
                        "FIND_FORGETS_THE_DEPLOYMENT",
                        LifecycleMutants::findForgetsTheDeployment,
                        "findsASandboxByOurIdAndInItsDeploymentOnly"),
                mutant(
                        "CREATE_FORGETS_OUR_ID",
                        LifecycleMutants::createForgetsOurId,
                        "findsASandboxByOurIdAndInItsDeploymentOnly",
                        "listsIdAndTimeOfCreationOfItsDeploymentOnly"),
                mutant(
                        "STATE_IS_GONE_WHILE_PAUSED",
                        LifecycleMutants::stateIsGoneWhilePaused,
                        "pausesAndResumesOrRefuses"),
                mutant("PAUSE_DOES_NOTHING", LifecycleMutants::pauseDoesNothing, "pausesAndResumesOrRefuses"),
                mutant(
                        "ATTACHES_TO_WHAT_IS_GONE",
                        LifecycleMutants::attachesToWhatIsGone,
                        "destroysCompletelyAndAnyNumberOfTimes"),
                mutant("SWALLOWS_INTERRUPTS", LifecycleMutants::swallowsInterrupts, "answersAnInterruptWithTheFlagSet"),
                mutant(
                        "CLEARS_THE_INTERRUPT_FLAG",
                        LifecycleMutants::clearsTheInterruptFlag,
                        "answersAnInterruptWithTheFlagSet"),
                mutant(
                        "CLOSE_DESTROYS_STORE_SANDBOXES",
                        LifecycleMutants::closeDestroysStoreSandboxes,
                        "leavesStoreSandboxesAloneWhenItIsClosed"),
                mutant(
                        "CLOSING_A_CONNECTION_LEAVES_ITS_COMMANDS",
                        LifecycleMutants::closingAConnectionLeavesItsCommands,
                        "endsCommandsThatWereStartedThroughAConnectionWhichIsClosed"),
                mutant(
                        "PROCESS_SANDBOXES_SURVIVE",
                        LifecycleMutants::processSandboxesSurvive,
                        "endsAProcessSandboxWithItsCreatorOrRefusesTheLifetime"),
                mutant(
                        "DROPS_A_CAPABILITY_IT_LACKS",
                        LifecycleMutants::dropsACapabilityItLacks,
                        "refusesByNameWhatItLacksBeforeAnythingIsMade"),
                mutant("LEAKS_A_THREAD", LifecycleMutants::leaksAThread, "hasANameAndCapabilitiesThatDoNotChange"),
                mutant("EXIT_CODE_IS_ALWAYS_ZERO", ExecMutants::exitCodeIsAlwaysZero, "tellsExitCodes", "tellsSignals"),
                mutant(
                        "TIMED_OUT_IS_NEVER_TOLD",
                        ExecMutants::timedOutIsNeverTold,
                        "endsTheWholeTreeAtTheDeadlineAndKeepsWhatWasPrinted"),
                mutant("MERGES_STDERR_INTO_STDOUT", ExecMutants::mergesStderrIntoStdout, "keepsStdoutAndStderrApart"),
                mutant(
                        "CUTS_OUTPUT_AT_ONE_MEGABYTE",
                        ExecMutants::cutsOutputAtOneMegabyte,
                        "deliversALargeOutputCompletelyAndInOrderToASlowSink"),
                mutant(
                        "TREATS_OUTPUT_AS_TEXT",
                        ExecMutants::treatsOutputAsText,
                        "passesEveryByteThroughAllThreeStreams"),
                mutant(
                        "BUFFERS_WITHOUT_BOUND",
                        ExecMutants::buffersWithoutBound,
                        "holdsTheCommandBackWhileTheSinkIsBusy"),
                mutant(
                        "INSISTS_ON_A_SINK_THAT_FAILS",
                        ExecMutants::insistsOnASinkThatFails,
                        "goesOnWithoutAStreamWhoseSinkFails"),
                shared(
                        "WAITS_FOR_BACKGROUND_PROCESSES",
                        ExecMutants::waitsForBackgroundProcesses,
                        "returnsAlthoughABackgroundProcessHoldsTheStreamsAndLetsItGoOn"),
                mutant(
                        "MAKES_AN_EXIT_CODE_UP_WHEN_THE_SANDBOX_GOES",
                        ExecMutants::makesAnExitCodeUpWhenTheSandboxGoes,
                        "endsCommandsOfADestroyedSandboxWithoutMakingUpAnExitCode"),
                mutant(
                        "MAKES_AN_EXIT_CODE_UP_WHEN_IT_IS_CLOSED",
                        ExecMutants::makesAnExitCodeUpWhenItIsClosed,
                        "leavesTheCommandRunningWhenItIsClosedAndMakesNoExitCodeUp"),
                mutant(
                        "ENDS_THE_COMMAND_WHEN_PUMP_IS_INTERRUPTED",
                        ExecMutants::endsTheCommandWhenPumpIsInterrupted,
                        "leavesTheCommandRunningWhenPumpIsInterrupted"),
                mutant(
                        "MISSING_PROGRAM_IS_EXIT_CODE_127",
                        ExecMutants::missingProgramIsExitCode127,
                        "tellsACommandThatCannotStartFromOneThatExitsWithTheSameCode"),
                mutant(
                        "OWN_EXIT_CODE_127_IS_A_MISSING_PROGRAM",
                        ExecMutants::ownExitCode127IsAMissingProgram,
                        "tellsACommandThatCannotStartFromOneThatExitsWithTheSameCode"),
                mutant("JOINS_ARGUMENTS_FOR_A_SHELL", ExecMutants::joinsArgumentsForAShell, "passesArgumentsExactly"),
                mutant(
                        "SHOWS_THE_ENVIRONMENT_IN_ARGUMENTS",
                        ExecMutants::showsTheEnvironmentInArguments,
                        "keepsTheEnvironmentOutOfEveryArgumentVector"),
                mutant(
                        "LEAKS_THE_ENVIRONMENT_INTO_THE_NEXT_COMMAND",
                        ExecMutants::leaksTheEnvironmentIntoTheNextCommand,
                        "givesTheEnvironmentOfSandboxAndCommandExactly"),
                mutant(
                        "PASSES_THE_HOSTS_ENVIRONMENT",
                        ExecMutants::passesTheHostsEnvironment,
                        "givesNothingOfTheHostsEnvironment"),
                mutant(
                        "IGNORES_THE_WORKING_DIRECTORY",
                        ExecMutants::ignoresTheWorkingDirectory,
                        "startsInTheWorkspaceOrWhereItIsTold",
                        "refusesAWorkingDirectoryThatIsNotThere"),
                mutant(
                        "IGNORES_THE_DEADLINE",
                        ExecMutants::ignoresTheDeadline,
                        "endsTheWholeTreeAtTheDeadlineAndKeepsWhatWasPrinted"),
                mutant(
                        "GIVES_NO_END_OF_FILE_WITHOUT_INPUT",
                        ExecMutants::givesNoEndOfFileWithoutInput,
                        "givesACommandWithoutInputTheEndOfFileAtOnce"),
                mutant(
                        "NEVER_CLOSES_INPUT",
                        ExecMutants::neverClosesInput,
                        "endsInputForTheCommandAndLeavesItsOutputOpen"),
                mutant(
                        "SWALLOWS_INPUT_THAT_NOBODY_READS",
                        ExecMutants::swallowsInputThatNobodyReads,
                        "refusesInputOnceTheCommandHasEnded"),
                mutant("END_ONLY_ASKS", ExecMutants::endOnlyAsks, "killsAfterTheGraceWhateverHasLeftTheSession"),
                mutant("END_KILLS_AT_ONCE", ExecMutants::endKillsAtOnce, "asksToEndBeforeItKills"),
                mutant(
                        "END_LEAVES_CHILDREN",
                        ExecMutants::endLeavesChildren,
                        "killsAfterTheGraceWhateverHasLeftTheSession",
                        "endsWhatABackgroundJobHasLeftBehind"),
                mutant("SIGNALS_DO_NOTHING", ExecMutants::signalsDoNothing, "sendsSignals"),
                mutant("GIVES_NO_TERMINAL", TerminalMutants::givesNoTerminal, "givesACommandATerminalOrRefuses"),
                mutant(
                        "SWAPS_COLUMNS_AND_ROWS",
                        TerminalMutants::swapsColumnsAndRows,
                        "tellsTheSizeOfTheTerminalAndEachChangeOfIt"),
                mutant(
                        "ACCEPTS_A_SIZE_WITHOUT_A_TERMINAL",
                        TerminalMutants::acceptsASizeWithoutATerminal,
                        "refusesToResizeACommandWithoutATerminal"),
                mutant("KEEPS_THE_INTERRUPT_KEY", TerminalMutants::keepsTheInterruptKey, "interruptsByTheKeyboard"),
                mutant(
                        "TYPES_NO_END_OF_FILE",
                        TerminalMutants::typesNoEndOfFile,
                        "takesWhatIsTypedLineByLineAndAnEndOfFile"),
                mutant("WRITES_IN_PLACE", FileMutants::writesInPlace, "showsTheOldContentUntilTheNewIsComplete"),
                mutant(
                        "LEAVES_ITS_TEMPORARY_FILE",
                        FileMutants::leavesItsTemporaryFile,
                        "leavesTheOldContentAndNoRubbishWhenTheNewOneFails"),
                mutant(
                        "FORGETS_THE_MODE_OF_THE_FILE_IT_REPLACES",
                        FileMutants::forgetsTheModeOfTheFileItReplaces,
                        "makesDirectoriesAboveAndSetsOrKeepsTheMode"),
                mutant(
                        "TAKES_DOTS_AWAY_BY_LOOKING_AT_THE_TEXT",
                        FileMutants::takesDotsAwayByLookingAtTheText,
                        "followsLinksAndDotsAsTheKernelDoes"),
                mutant("REMOVE_FOLLOWS_LINKS", FileMutants::removeFollowsLinks, "removesLinksAndNotWhatTheyLeadTo"),
                mutant("SPLITS_NAMES_AT_NEWLINES", FileMutants::splitsNamesAtNewlines, "handlesOddNames"),
                mutant(
                        "LOSES_BYTES_OF_NAMES_THAT_ARE_NOT_UTF8",
                        FileMutants::losesBytesOfNamesThatAreNotUtf8,
                        "handlesOddNames"),
                mutant("HAS_ONE_CODE_FOR_EVERYTHING", FileMutants::hasOneCodeForEverything, "saysWhatIsWrong"),
                mutant(
                        "MOVES_INTO_DIRECTORIES",
                        FileMutants::movesIntoDirectories,
                        "movesAndReplacesFilesButNoDirectories"),
                mutant("STAT_FOLLOWS_LINKS", FileMutants::statFollowsLinks, "tellsTypesSizesAndModes"),
                mutant("CUTS_LARGE_CONTENT", FileMutants::cutsLargeContent, "streamsABigFileBothWays"),
                mutant("UNPACKS_WITHOUT_MODES", FileMutants::unpacksWithoutModes, "unpacksAndPacksWholeDirectories"),
                mutant(
                        "SCANS_NOTHING_BELOW",
                        FileMutants::scansNothingBelow,
                        "aScanShowsEveryChangeOfATreeAndNothingElse",
                        "aScanOfATreeThatChangesAllTheTimeMissesNothingThatStays"),
                mutant("SCANS_NAMES_ONLY", FileMutants::scansNamesOnly, "aScanShowsEveryChangeOfATreeAndNothingElse"),
                mutant(
                        "SCANS_A_PART_FOR_THE_WHOLE",
                        FileMutants::scansAPartForTheWhole,
                        "aScanRefusesToShowAPartAsTheWhole"),
                mutant(
                        "SCANS_WHAT_LINKS_LEAD_TO",
                        FileMutants::scansWhatLinksLeadTo,
                        "aScanTakesOddNamesAndFollowsNoLinks"),
                mutant(
                        "BACKGROUND_STARTS_A_SECOND_OF_A_NAME",
                        BackgroundMutants::backgroundStartsASecondOfAName,
                        "keepsANameForWhatRunsAndReplacesWhatHasEnded"),
                mutant(
                        "BACKGROUND_FORGETS_THE_DEADLINE",
                        BackgroundMutants::backgroundForgetsTheDeadline,
                        "endsACommandInTheBackgroundAtItsDeadline"),
                mutant(
                        "BACKGROUND_FORGETS_THE_ENVIRONMENT",
                        BackgroundMutants::backgroundForgetsTheEnvironment,
                        "tellsHowACommandInTheBackgroundEndedAndWhatItPrinted"),
                mutant(
                        "BACKGROUND_MISSING_PROGRAM_ENDS_WITH_127",
                        BackgroundMutants::backgroundMissingProgramEndsWith127,
                        "refusesAProgramThatCannotStartInTheBackground"),
                mutant(
                        "BACKGROUND_FINDS_BY_PREFIX",
                        BackgroundMutants::backgroundFindsByPrefix,
                        "tellsHowACommandInTheBackgroundEndedAndWhatItPrinted"),
                mutant(
                        "BACKGROUND_LOG_FORGETS_THE_BEGINNING",
                        BackgroundMutants::backgroundLogForgetsTheBeginning,
                        "boundsTheLogOfAFloodAndKeepsHeadAndTail"),
                mutant(
                        "BACKGROUND_LOG_MIXES_THE_STREAMS",
                        BackgroundMutants::backgroundLogMixesTheStreams,
                        "tellsHowACommandInTheBackgroundEndedAndWhatItPrinted",
                        "keepsLinesThatComeOneByOne"),
                mutant(
                        "BACKGROUND_END_KILLS_AT_ONCE",
                        BackgroundMutants::backgroundEndKillsAtOnce,
                        "asksACommandInTheBackgroundToEndBeforeItKills"),
                mutant(
                        "BACKGROUND_END_DOES_NOTHING",
                        BackgroundMutants::backgroundEndDoesNothing,
                        "killsWhatHasLeftTheSessionOfACommandInTheBackground"),
                mutant(
                        "BACKGROUND_REMOVES_WHAT_RUNS",
                        BackgroundMutants::backgroundRemovesWhatRuns,
                        "keepsANameForWhatRunsAndReplacesWhatHasEnded"),
                mutant(
                        "BACKGROUND_ENDS_WITH_ITS_CONNECTION",
                        BackgroundMutants::backgroundEndsWithItsConnection,
                        "leavesACommandInTheBackgroundRunningForOthersToLookAfter"),
                mutant(
                        "MAKES_AN_ENDPOINT_UP",
                        BackgroundMutants::makesAnEndpointUp,
                        "tellsWhereAPortIsReachedOrRefuses"),
                mutant(
                        "COUNTS_WHAT_IS_GONE",
                        BackgroundMutants::countsWhatIsGone,
                        "destroysCompletelyAndAnyNumberOfTimes"),
                mutant("COUNTS_LESS_THAN_NOTHING", BackgroundMutants::countsLessThanNothing, "tellsItsUsageOrNothing"));
    }

    static Mutant named(String name) {
        return all().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static Mutant mutant(String name, UnaryOperator<SandboxBackend> spoil, String... caughtBy) {
        return shared(name, (provider, sound) -> spoil.apply(sound), caughtBy);
    }

    private static Mutant shared(
            String name, BiFunction<InMemoryProvider, SandboxBackend, SandboxBackend> spoil, String... caughtBy) {
        return new Mutant(name, spoil, List.of(caughtBy));
    }

    SandboxBackend over(InMemoryProvider provider) {
        return spoil.apply(provider, InMemoryBackend.over(provider));
    }
}
