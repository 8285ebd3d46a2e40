#include "deploy/broker/serial.h"

#include <openssl/bn.h>
#include <string.h>

bool serial_text(const X509 *cert, char *text, size_t size)
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char *hex = number ? BN_bn2hex(number) : NULL;
	bool fits = hex && strlen(hex) < size;

	for (size_t i = 0; fits && i <= strlen(hex); i++)
		text[i] = hex[i] >= 'A' && hex[i] <= 'F' ? (char)(hex[i] - 'A' + 'a') : hex[i];
	OPENSSL_free(hex);
	BN_free(number);
	return fits;
}
