{{ stage('invoice_lines') }}
