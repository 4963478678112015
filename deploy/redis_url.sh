# Read by backup and restore: redis_at becomes redis-cli's options for REDIS_URL. The password goes
# into the environment, where the list of processes does not show it. (redis-cli's own -u takes the
# empty name of redis://:password@… for a name.)
: "${REDIS_URL:?is not set}"

pattern='^redis(s?)://(([^:@/]*)(:([^@/]*))?@)?([^:@/]+)(:([0-9]+))?(/([0-9]+))?/?$'
if ! [[ $REDIS_URL =~ $pattern ]]; then
    echo "REDIS_URL must be as in redis://:password@redis.example.com:6379/0" >&2
    exit 1
fi
redis_at=(-h "${BASH_REMATCH[6]}" -p "${BASH_REMATCH[8]:-6379}" -n "${BASH_REMATCH[10]:-0}")
[ -z "${BASH_REMATCH[1]}" ] || redis_at+=(--tls)
[ -z "${BASH_REMATCH[3]}" ] || redis_at+=(--user "${BASH_REMATCH[3]}")
if [ -n "${BASH_REMATCH[5]}" ]; then
    printf -v REDISCLI_AUTH '%b' "${BASH_REMATCH[5]//%/\\x}"  # %40 is an @
    export REDISCLI_AUTH
fi
