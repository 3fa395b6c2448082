{{ stage('rep_assignment_history') }}
