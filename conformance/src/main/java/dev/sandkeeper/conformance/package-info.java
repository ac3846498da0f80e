/** Programs that run our simulators of hosted providers and compare them with what the providers publish; never deployed. */
@NullMarked
package dev.sandkeeper.conformance;

import org.jspecify.annotations.NullMarked;
